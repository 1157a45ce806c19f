// resize.cpp - Pillow's resampling: a separable convolution whose support grows with the factor by which a picture is
// made smaller, in two passes of fixed-point numbers, rounded to 8 bits between them.
#include <algorithm>
#include <cmath>

#include "picture.h"

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

uint8_t clipped(int32_t sum) { return static_cast<uint8_t>(std::clamp(sum >> precision, 0, 255)); }

template <int Channels> void across(const Picture &in, const Kernel &kernel, Picture &out) {
  for (int y = 0; y < in.height; y++) {
    const uint8_t *row = in.row(y);
    uint8_t *to = out.row(y);
    for (int x = 0; x < out.width; x++) {
      const int32_t *weights = kernel.weights.data() + static_cast<size_t>(x) * static_cast<size_t>(kernel.size);
      const uint8_t *from = row + kernel.first[static_cast<size_t>(x)] * Channels;
      int32_t sums[Channels];
      for (int c = 0; c < Channels; c++) sums[c] = 1 << (precision - 1);
      const int count = kernel.count[static_cast<size_t>(x)];
      for (int i = 0; i < count; i++, from += Channels) {
        for (int c = 0; c < Channels; c++) sums[c] += from[c] * weights[i];
      }
      for (int c = 0; c < Channels; c++) *to++ = clipped(sums[c]);
    }
  }
}

void down(const Picture &in, const Kernel &kernel, Picture &out) {
  const size_t length = static_cast<size_t>(in.width * in.channels);
  std::vector<int32_t> sums(length);
  for (int y = 0; y < out.height; y++) {
    const int32_t *weights = kernel.weights.data() + static_cast<size_t>(y) * static_cast<size_t>(kernel.size);
    const int first = kernel.first[static_cast<size_t>(y)], count = kernel.count[static_cast<size_t>(y)];
    std::fill(sums.begin(), sums.end(), 1 << (precision - 1));
    for (int i = 0; i < count; i++) {
      const uint8_t *from = in.row(first + i);
      const int32_t w = weights[i];
      int32_t *to = sums.data();
      for (size_t x = 0; x < length; x++) to[x] += from[x] * w;
    }
    uint8_t *to = out.row(y);
    for (size_t x = 0; x < length; x++) to[x] = clipped(sums[x]);
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

Picture resized(const Picture &picture, int width, int height, Filter filter) {
  if (picture.width == width && picture.height == height) return picture;
  if (filter == Filter::Nearest) return nearest(picture, width, height);
  Picture middle = picture;
  if (width != picture.width) {
    middle = Picture(width, picture.height, picture.channels);
    const Kernel kernel = kernel_of(filter, picture.width, width);
    picture.channels == 1 ? across<1>(picture, kernel, middle) : across<3>(picture, kernel, middle);
  }
  if (height == picture.height) return middle;
  Picture out(width, height, picture.channels);
  down(middle, kernel_of(filter, picture.height, height), out);
  return out;
}

}  // namespace sluice_media
