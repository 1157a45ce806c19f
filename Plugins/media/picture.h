// picture.h - decoded pictures: 8 bits a colour, the colours of a pixel side by side.
#ifndef SLUICE_MEDIA_PICTURE_H
#define SLUICE_MEDIA_PICTURE_H
#include <cstdint>
#include <vector>

#include "av.h"
#include "header.h"
#include "memory.h"
#include "settings.h"

namespace sluice_media {

struct Picture {
  int width = 0, height = 0;
  // 3 is RGB, 1 is gray.
  int channels = 3;
  Pixels pixels;

  Picture() = default;
  // Its pixels are whatever they were: who makes one writes them all.
  Picture(int width, int height, int channels)
      : width(width), height(height), channels(channels),
        pixels(static_cast<size_t>(width) * static_cast<size_t>(height) * static_cast<size_t>(channels)) {}
  uint8_t *row(int y) { return pixels.data() + static_cast<size_t>(y) * static_cast<size_t>(width * channels); }
  const uint8_t *row(int y) const {
    return pixels.data() + static_cast<size_t>(y) * static_cast<size_t>(width * channels);
  }
};

// Turns frames into pictures; keeps what it needs between frames of one size.
class FrameReader {
 public:
  // `gray` as Pillow's "L".
  explicit FrameReader(bool gray) : gray_(gray) {}
  Picture read(const AVFrame &frame);

 private:
  bool gray_;
  Scaler scaler_;
  int width_ = 0, height_ = 0, format_ = -1;
  bool is_full_ = false;
  int space_ = -1;
};

// Decodes a still picture whose header has been read. Its pixels have been counted.
Picture decode_picture(Bytes body, const Header &header, int64_t max_pixels, bool gray);

// The picture as EXIF says that it is to be looked at: 1 is as it is, up to 8.
Picture upright(Picture picture, int orientation);

// Resized as Pillow's Image.resize does, to the same numbers.
Picture resized(Picture picture, int width, int height, Filter filter);

// Resized, cropped and filled up as the settings say.
Picture fitted(Picture picture, const ImageSettings &settings);

// The size that `fitted` gives a picture of width x height.
void fitted_size(const ImageSettings &settings, int width, int height, int &out_width, int &out_height);

// Where pixels lie in a tensor, counted in elements.
struct Places {
  int64_t start, channel, row, column;
};

// Writes the picture's numbers into a tensor of the settings' data type.
void write_pixels(const Picture &picture, const ImageSettings &settings, Places places, void *data);

}  // namespace sluice_media
#endif
