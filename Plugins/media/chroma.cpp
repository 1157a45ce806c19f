#include "chroma.h"

#include <algorithm>
#include <cmath>

namespace sluice_media {
namespace {

int fixed(double value) { return static_cast<int>(std::lround(value * 65536)); }

bool is_full_range(const AVFrame &frame) {
  switch (frame.format) {
    case AV_PIX_FMT_YUVJ420P:
    case AV_PIX_FMT_YUVJ422P:
    case AV_PIX_FMT_YUVJ444P:
    case AV_PIX_FMT_YUVJ440P: return true;
    default: return frame.color_range == AVCOL_RANGE_JPEG;
  }
}

}  // namespace

bool ChromaReader::takes(const AVFrame &frame) {
  switch (frame.format) {
    case AV_PIX_FMT_YUVJ420P:
    case AV_PIX_FMT_YUVJ422P:
    case AV_PIX_FMT_YUVJ444P:
    case AV_PIX_FMT_YUVJ440P:
    case AV_PIX_FMT_YUV420P:
    case AV_PIX_FMT_YUV422P:
    case AV_PIX_FMT_YUV444P:
    case AV_PIX_FMT_YUV440P:
    case AV_PIX_FMT_YUVA420P:
    case AV_PIX_FMT_YUVA422P:
    case AV_PIX_FMT_YUVA444P: return true;
    default: return false;
  }
}

ChromaReader::ChromaReader(const AVFrame &frame) : frame_(frame) {
  const AVPixFmtDescriptor *about = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format));
  halves_width_ = about->log2_chroma_w == 1;
  halves_height_ = about->log2_chroma_h == 1;
  chroma_width_ = halves_width_ ? (frame.width + 1) / 2 : frame.width;
  chroma_height_ = halves_height_ ? (frame.height + 1) / 2 : frame.height;
  double red = 0.299, blue = 0.114;
  if (frame.colorspace == AVCOL_SPC_BT709) red = 0.2126, blue = 0.0722;
  if (frame.colorspace == AVCOL_SPC_BT2020_NCL || frame.colorspace == AVCOL_SPC_BT2020_CL) red = 0.2627, blue = 0.0593;
  const double green = 1 - red - blue;
  const bool is_full = is_full_range(frame);
  const double of_luma = is_full ? 1 : 255.0 / 219, of_chroma = is_full ? 1 : 255.0 / 224;
  luma_ = fixed(of_luma);
  luma_zero_ = is_full ? 0 : 16;
  red_of_cr_ = fixed(2 * (1 - red) * of_chroma);
  blue_of_cb_ = fixed(2 * (1 - blue) * of_chroma);
  green_of_cb_ = fixed(2 * blue * (1 - blue) / green * of_chroma);
  green_of_cr_ = fixed(2 * red * (1 - red) / green * of_chroma);
  sums_.resize(static_cast<size_t>(chroma_width_));
  cb_.resize(static_cast<size_t>(chroma_width_) * 2);
  cr_.resize(static_cast<size_t>(chroma_width_) * 2);
}

void ChromaReader::spread(int plane, int y, std::vector<uint8_t> &row) {
  const int near_row = halves_height_ ? y / 2 : y;
  const int far_row = std::clamp(near_row + (y % 2 == 0 ? -1 : 1), 0, chroma_height_ - 1);
  const uint8_t *near = frame_.data[plane] + static_cast<ptrdiff_t>(near_row) * frame_.linesize[plane];
  const uint8_t *far = frame_.data[plane] + static_cast<ptrdiff_t>(far_row) * frame_.linesize[plane];
  const int width = chroma_width_;
  // What a sum is of, as a power of two.
  int bits = 0;
  if (halves_height_) {
    for (int x = 0; x < width; x++) sums_[static_cast<size_t>(x)] = 3 * near[x] + far[x];
    bits = 2;
  } else {
    for (int x = 0; x < width; x++) sums_[static_cast<size_t>(x)] = near[x];
  }
  if (!halves_width_) {
    const int bias = bits == 0 ? 0 : y % 2 == 0 ? 1 : 2;
    for (int x = 0; x < width; x++) {
      row[static_cast<size_t>(x)] = static_cast<uint8_t>((sums_[static_cast<size_t>(x)] + bias) >> bits);
    }
    return;
  }
  // Rounding goes up and down in turns, so that it doesn't shift colours.
  const int left_bias = bits == 2 ? 8 : 1, right_bias = bits == 2 ? 7 : 2;
  bits += 2;
  const int *sums = sums_.data();
  uint8_t *out = row.data();
  for (int x = 0; x < width; x++) {
    const int left = sums[std::max(x - 1, 0)], right = sums[std::min(x + 1, width - 1)];
    out[2 * x] = static_cast<uint8_t>((3 * sums[x] + left + left_bias) >> bits);
    out[2 * x + 1] = static_cast<uint8_t>((3 * sums[x] + right + right_bias) >> bits);
  }
}

void ChromaReader::read(int y, uint8_t *rgb) {
  spread(1, y, cb_);
  spread(2, y, cr_);
  const uint8_t *luma = frame_.data[0] + static_cast<ptrdiff_t>(y) * frame_.linesize[0];
  for (int x = 0; x < frame_.width; x++, rgb += 3) {
    const int light = luma_ * (luma[x] - luma_zero_) + 32768;
    const int cb = cb_[static_cast<size_t>(x)] - 128, cr = cr_[static_cast<size_t>(x)] - 128;
    rgb[0] = static_cast<uint8_t>(std::clamp((light + red_of_cr_ * cr) >> 16, 0, 255));
    rgb[1] = static_cast<uint8_t>(std::clamp((light - green_of_cb_ * cb - green_of_cr_ * cr) >> 16, 0, 255));
    rgb[2] = static_cast<uint8_t>(std::clamp((light + blue_of_cb_ * cb) >> 16, 0, 255));
  }
}

}  // namespace sluice_media
