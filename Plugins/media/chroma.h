// chroma.h - from luma and chroma to red, green and blue.
#ifndef SLUICE_MEDIA_CHROMA_H
#define SLUICE_MEDIA_CHROMA_H
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
  int luma_, luma_zero_, red_of_cr_, green_of_cb_, green_of_cr_, blue_of_cb_;
  std::vector<int> sums_;
  std::vector<uint8_t> cb_, cr_;

  void spread(int plane, int y, std::vector<uint8_t> &row);
};

}  // namespace sluice_media
#endif
