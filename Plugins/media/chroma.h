// chroma.h - from luma and chroma to red, green and blue.
#ifndef SLUICE_MEDIA_CHROMA_H
#define SLUICE_MEDIA_CHROMA_H
#include <cstdint>
#include <vector>

#include "av.h"

namespace sluice_media {

// Converts frames with planes of 8 bits whose chroma is as fine as luma or half as fine along an axis. Chroma is spread
// by a triangle, 3 parts of the near sample and 1 of the far one, as libjpeg and libwebp do.
class ChromaReader {
 public:
  // Whether `read` takes frames of this kind.
  static bool takes(const AVFrame &frame);

  explicit ChromaReader(const AVFrame &frame);
  // One row of RGB, 3 bytes a pixel.
  void read(int y, uint8_t *rgb);

 private:
  const AVFrame &frame_;
  bool halves_width_, halves_height_;
  int chroma_width_, chroma_height_;
  // In 16 bits of fraction.
  struct Weights {
    int luma, luma_zero, red_of_cr, green_of_cb, green_of_cr, blue_of_cb;
  };
  Weights weights_;
  // One row's, with a sample before the first and one behind the last.
  std::vector<uint16_t> sums_;
  std::vector<uint8_t> cb_, cr_;

  struct Join;
  struct Spread;
  struct Colour;

  void spread(int plane, int y, std::vector<uint8_t> &row);
};

}  // namespace sluice_media
#endif
