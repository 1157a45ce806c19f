// fit.cpp - from a picture of any size to the one that the model takes, and from its pixels to numbers.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "picture.h"

namespace sluice_media {
namespace {

// As Python rounds: halves to the even neighbour.
int rounded(double value) { return static_cast<int>(std::nearbyint(value)); }

struct Size {
  int width, height;
};

Size scaled_to_multiple(Size size, int multiple) {
  if (multiple == 1) return size;
  const auto round = [&](int side) { return std::max(1, rounded(static_cast<double>(side) / multiple)) * multiple; };
  return {round(size.width), round(size.height)};
}

// The size after `resize` and `longest`, before the picture is fitted into its own.
Size first_size(const ImageSettings &settings, Size size) {
  if (settings.resize_width > 0 && settings.resize_height > 0) return {settings.resize_width, settings.resize_height};
  const auto scaled = [](int side, int to, int from) {
    return static_cast<int>(std::max<int64_t>(1, int64_t{side} * to / from));
  };
  if (settings.resize_width > 0) {
    const int shorter = settings.resize_width;
    return size.width <= size.height ? Size{shorter, scaled(size.height, shorter, size.width)}
                                     : Size{scaled(size.width, shorter, size.height), shorter};
  }
  const int longer = std::max(size.width, size.height);
  if (settings.longest > 0 && longer > settings.longest) {
    return {scaled(size.width, settings.longest, longer), scaled(size.height, settings.longest, longer)};
  }
  return size;
}

// The size of the whole picture when it fills width x height, or is filled by it.
Size covering(Size size, int width, int height) {
  return int64_t{size.width} * height >= int64_t{width} * size.height
             ? Size{static_cast<int>(int64_t{size.width} * height / size.height), height}
             : Size{width, static_cast<int>(int64_t{size.height} * width / size.width)};
}

Size within(Size size, int width, int height) {
  if (int64_t{size.width} * height >= int64_t{width} * size.height) {
    return {width, std::clamp(rounded(static_cast<double>(size.height) / size.width * width), 1, height)};
  }
  return {std::clamp(rounded(static_cast<double>(size.width) / size.height * height), 1, width), height};
}

Picture cropped(const Picture &picture, int width, int height) {
  const int left = rounded((picture.width - width) / 2.0), top = rounded((picture.height - height) / 2.0);
  Picture out(width, height, picture.channels);
  for (int y = 0; y < height; y++) {
    std::memcpy(out.row(y), picture.row(top + y) + left * picture.channels,
                static_cast<size_t>(width * picture.channels));
  }
  return out;
}

Picture framed(const Picture &picture, const ImageSettings &settings) {
  Picture out(settings.width, settings.height, picture.channels);
  for (size_t i = 0; i < out.pixels.size(); i++) {
    // Pixels are RGB whatever order the model wants.
    const int channel = static_cast<int>(i) % picture.channels;
    const int index = settings.colour == Colour::BGR ? 2 - channel : channel;
    out.pixels[i] = static_cast<uint8_t>(settings.fill[index]);
  }
  const int left = rounded((settings.width - picture.width) / 2.0);
  const int top = rounded((settings.height - picture.height) / 2.0);
  for (int y = 0; y < picture.height; y++) {
    std::memcpy(out.row(top + y) + left * picture.channels, picture.row(y),
                static_cast<size_t>(picture.width * picture.channels));
  }
  return out;
}

template <class Element, class Table>
void write(const Picture &picture, bool reversed, Places places, const Table &table, Element *data) {
  const int channels = picture.channels;
  for (int y = 0; y < picture.height; y++) {
    for (int c = 0; c < channels; c++) {
      const auto *levels = table[c];
      const uint8_t *in = picture.row(y) + (reversed ? channels - 1 - c : c);
      Element *out = data + places.start + c * places.channel + y * places.row;
      for (int x = 0; x < picture.width; x++) out[x * places.column] = levels[in[x * channels]];
    }
  }
}

}  // namespace

void fitted_size(const ImageSettings &settings, int width, int height, int &out_width, int &out_height) {
  Size size = {settings.width, settings.height};
  if (settings.width == 0) size = scaled_to_multiple(first_size(settings, {width, height}), settings.multiple);
  out_width = size.width;
  out_height = size.height;
}

Picture fitted(Picture picture, const ImageSettings &settings) {
  const Size first = first_size(settings, {picture.width, picture.height});
  if (settings.width == 0) {
    const Size last = scaled_to_multiple(first, settings.multiple);
    return resized(std::move(picture), last.width, last.height, settings.filter);
  }
  const bool is_first = settings.resize_width > 0 || settings.longest > 0;
  if (is_first) picture = resized(std::move(picture), first.width, first.height, settings.filter);
  const Size size = {picture.width, picture.height};
  switch (settings.fit) {
    case Fit::Stretch: return resized(std::move(picture), settings.width, settings.height, settings.filter);
    case Fit::Letterbox: {
      const Size inner = within(size, settings.width, settings.height);
      return framed(resized(std::move(picture), inner.width, inner.height, settings.filter), settings);
    }
    case Fit::Crop: break;
  }
  // A picture that was resized on purpose is only cut, unless it has become too small for that.
  if (!is_first || size.width < settings.width || size.height < settings.height) {
    const Size whole = covering(size, settings.width, settings.height);
    picture = resized(std::move(picture), whole.width, whole.height, settings.filter);
  }
  return cropped(picture, settings.width, settings.height);
}

void write_pixels(const Picture &picture, const ImageSettings &settings, Places places, void *data) {
  const bool reversed = settings.colour == Colour::BGR;
  if (settings.is_float) {
    float levels[3][256];
    for (int c = 0; c < picture.channels; c++) {
      for (int v = 0; v < 256; v++) {
        levels[c][v] = static_cast<float>((v * settings.scale - settings.mean[c]) / settings.std[c]);
      }
    }
    write(picture, reversed, places, levels, static_cast<float *>(data));
  } else {
    uint8_t levels[3][256];
    for (auto &level : levels) {
      for (int v = 0; v < 256; v++) level[v] = static_cast<uint8_t>(v);
    }
    write(picture, reversed, places, levels, static_cast<uint8_t *>(data));
  }
}

}  // namespace sluice_media
