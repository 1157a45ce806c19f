// resize.cpp - Pillow's resampling: a separable convolution whose support grows with the factor by which a picture is
// made smaller, in two passes of fixed-point numbers, rounded to 8 bits between them.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "picture.h"
#include "wide.h"

namespace sluice_media {
namespace {

constexpr int precision = 32 - 8 - 2;
constexpr double pi = 3.14159265358979323846;

double sinc(double x) { return x == 0 ? 1 : std::sin(x * pi) / (x * pi); }

double support_of(Filter filter) {
  switch (filter) {
    case Filter::Box: return 0.5;
    case Filter::Bilinear:
    case Filter::Hamming: return 1;
    case Filter::Bicubic: return 2;
    case Filter::Lanczos: return 3;
    case Filter::Nearest: break;
  }
  return 0;
}

double weight(Filter filter, double x) {
  switch (filter) {
    case Filter::Box: return x > -0.5 && x <= 0.5 ? 1 : 0;
    case Filter::Bilinear: return std::max(0.0, 1 - std::abs(x));
    case Filter::Hamming:
      x = std::abs(x);
      return x == 0 ? 1 : x >= 1 ? 0 : sinc(x) * (0.54 + 0.46 * std::cos(x * pi));
    case Filter::Bicubic: {
      constexpr double a = -0.5;
      x = std::abs(x);
      if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
    }
    case Filter::Lanczos: return x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0;
    case Filter::Nearest: break;
  }
  return 0;
}

// For each place of the result: where its sources begin, how many they are, and their weights.
struct Kernel {
  int size;
  std::vector<int> first, count;
  std::vector<int32_t> weights;
};

Kernel kernel_of(Filter filter, int in, int out) {
  const double scale = static_cast<double>(in) / out;
  const double widened = std::max(scale, 1.0);
  const double support = support_of(filter) * widened;
  Kernel kernel;
  kernel.size = static_cast<int>(std::ceil(support)) * 2 + 1;
  kernel.first.resize(static_cast<size_t>(out));
  kernel.count.resize(static_cast<size_t>(out));
  kernel.weights.assign(static_cast<size_t>(out) * static_cast<size_t>(kernel.size), 0);
  std::vector<double> exact(static_cast<size_t>(kernel.size));
  for (int at = 0; at < out; at++) {
    const double center = (at + 0.5) * scale;
    const int first = std::max(0, static_cast<int>(center - support + 0.5));
    const int end = std::min(in, static_cast<int>(center + support + 0.5));
    double sum = 0;
    for (int i = first; i < end; i++) {
      const double w = weight(filter, (i - center + 0.5) / widened);
      exact[static_cast<size_t>(i - first)] = w;
      sum += w;
    }
    int32_t *weights = kernel.weights.data() + static_cast<size_t>(at) * static_cast<size_t>(kernel.size);
    for (int i = 0; i < end - first; i++) {
      const double w = sum == 0 ? 0 : exact[static_cast<size_t>(i)] / sum;
      weights[i] = static_cast<int32_t>((w < 0 ? -0.5 : 0.5) + w * (1 << precision));
    }
    kernel.first[static_cast<size_t>(at)] = first;
    kernel.count[static_cast<size_t>(at)] = end - first;
  }
  return kernel;
}

SLUICE_LOOP uint8_t clipped(int32_t sum) {
  const int32_t level = sum >> precision;
  return static_cast<uint8_t>(level < 0 ? 0 : level > 255 ? 255 : level);
}

// One row of one channel.
void across_gray(const Picture &in, const Kernel &kernel, Picture &out) {
  for (int y = 0; y < in.height; y++) {
    const uint8_t *row = in.row(y);
    uint8_t *to = out.row(y);
    for (int x = 0; x < out.width; x++) {
      const int32_t *weights = kernel.weights.data() + static_cast<size_t>(x) * static_cast<size_t>(kernel.size);
      const uint8_t *from = row + kernel.first[static_cast<size_t>(x)];
      int32_t sum = 1 << (precision - 1);
      const int count = kernel.count[static_cast<size_t>(x)];
      for (int i = 0; i < count; i++) sum += from[i] * weights[i];
      *to++ = clipped(sum);
    }
  }
}

void across_colour_row(const uint8_t *from, const Kernel &kernel, int width, uint8_t *to) {
  const int32_t *weights = kernel.weights.data();
  for (int x = 0; x < width; x++, weights += kernel.size) {
    const uint8_t *pixel = from + ptrdiff_t{3} * kernel.first[static_cast<size_t>(x)];
    int32_t sums[3] = {1 << (precision - 1), 1 << (precision - 1), 1 << (precision - 1)};
    const int count = kernel.count[static_cast<size_t>(x)];
    for (int i = 0; i < count; i++, pixel += 3) {
      for (int c = 0; c < 3; c++) sums[c] += pixel[c] * weights[i];
    }
    for (int c = 0; c < 3; c++) *to++ = clipped(sums[c]);
  }
}

#if defined(__x86_64__)
SLUICE_LOOP SLUICE_WIDE void add_pixel(__m128i &sums, const uint8_t *pixel, __m128i weight) {
  int32_t bytes;
  std::memcpy(&bytes, pixel, 4);
  sums = _mm_add_epi32(sums, _mm_mullo_epi32(_mm_cvtepu8_epi32(_mm_cvtsi32_si128(bytes)), weight));
}

SLUICE_LOOP SLUICE_WIDE void put_pixel(__m128i sums, uint8_t *to) {
  const __m128i levels = _mm_srai_epi32(sums, precision);
  const __m128i words = _mm_packs_epi32(levels, levels);
  const int bytes = _mm_cvtsi128_si32(_mm_packus_epi16(words, words));
  std::memcpy(to, &bytes, 3);
}

// Four rows at once. Of each a byte behind every pixel is read, too: four are as quick as three.
SLUICE_WIDE void across_colour_rows(const uint8_t *const *from, const Kernel &kernel, int width, uint8_t *const *to) {
  const int32_t *weights = kernel.weights.data();
  const uint8_t *const a = from[0], *const b = from[1], *const c = from[2], *const d = from[3];
  const __m128i half = _mm_set1_epi32(1 << (precision - 1));
  for (int x = 0; x < width; x++, weights += kernel.size) {
    const int count = kernel.count[static_cast<size_t>(x)];
    ptrdiff_t place = ptrdiff_t{3} * kernel.first[static_cast<size_t>(x)];
    __m128i of_a = half, of_b = half, of_c = half, of_d = half;
    for (int i = 0; i < count; i++, place += 3) {
      const __m128i weight = _mm_set1_epi32(weights[i]);
      add_pixel(of_a, a + place, weight);
      add_pixel(of_b, b + place, weight);
      add_pixel(of_c, c + place, weight);
      add_pixel(of_d, d + place, weight);
    }
    put_pixel(of_a, to[0] + 3 * x);
    put_pixel(of_b, to[1] + 3 * x);
    put_pixel(of_c, to[2] + 3 * x);
    put_pixel(of_d, to[3] + 3 * x);
  }
}
#endif

void across_colour(const Picture &in, const Kernel &kernel, Picture &out) {
  int y = 0;
#if defined(__x86_64__)
  // The last row has no byte behind it.
  for (; is_wide() && y + 4 < in.height; y += 4) {
    const uint8_t *const from[4] = {in.row(y), in.row(y + 1), in.row(y + 2), in.row(y + 3)};
    uint8_t *const to[4] = {out.row(y), out.row(y + 1), out.row(y + 2), out.row(y + 3)};
    across_colour_rows(from, kernel, out.width, to);
  }
#endif
  for (; y < in.height; y++) across_colour_row(in.row(y), kernel, out.width, out.row(y));
}

// One row of the result: some columns at a time, whose sums stay in registers.
struct Down {
  static constexpr int columns = 32;

  static SLUICE_LOOP void run(const uint8_t *from, size_t length, const int32_t *weights, int count, uint8_t *to) {
    size_t x = 0;
    for (; x + columns <= length; x += columns) {
      int32_t sums[columns];
      for (int32_t &sum : sums) sum = 1 << (precision - 1);
      for (int i = 0; i < count; i++) {
        const uint8_t *row = from + static_cast<size_t>(i) * length + x;
        for (int k = 0; k < columns; k++) sums[k] += row[k] * weights[i];
      }
      for (int k = 0; k < columns; k++) to[x + static_cast<size_t>(k)] = clipped(sums[k]);
    }
    for (; x < length; x++) {
      int32_t sum = 1 << (precision - 1);
      for (int i = 0; i < count; i++) sum += from[static_cast<size_t>(i) * length + x] * weights[i];
      to[x] = clipped(sum);
    }
  }
};

void down(const Picture &in, const Kernel &kernel, Picture &out) {
  for (int y = 0; y < out.height; y++) {
    const int32_t *weights = kernel.weights.data() + static_cast<size_t>(y) * static_cast<size_t>(kernel.size);
    const size_t place = static_cast<size_t>(y);
    run<Down>(in.row(kernel.first[place]), static_cast<size_t>(in.width * in.channels), weights, kernel.count[place],
              out.row(y));
  }
}

Picture nearest(const Picture &in, int width, int height) {
  Picture out(width, height, in.channels);
  const double step_x = static_cast<double>(in.width) / width, step_y = static_cast<double>(in.height) / height;
  for (int y = 0; y < height; y++) {
    const uint8_t *row = in.row(std::min(in.height - 1, static_cast<int>(step_y * (y + 0.5))));
    uint8_t *to = out.row(y);
    for (int x = 0; x < width; x++) {
      const uint8_t *from = row + std::min(in.width - 1, static_cast<int>(step_x * (x + 0.5))) * in.channels;
      for (int c = 0; c < in.channels; c++) *to++ = from[c];
    }
  }
  return out;
}

}  // namespace

Picture resized(Picture picture, int width, int height, Filter filter) {
  if (picture.width == width && picture.height == height) return picture;
  if (filter == Filter::Nearest) return nearest(picture, width, height);
  if (width != picture.width) {
    Picture narrower(width, picture.height, picture.channels);
    const Kernel kernel = kernel_of(filter, picture.width, width);
    picture.channels == 1 ? across_gray(picture, kernel, narrower) : across_colour(picture, kernel, narrower);
    picture = std::move(narrower);
  }
  if (height == picture.height) return picture;
  Picture out(width, height, picture.channels);
  down(picture, kernel_of(filter, picture.height, height), out);
  return out;
}

}  // namespace sluice_media
