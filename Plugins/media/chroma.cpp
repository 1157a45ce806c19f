#include "chroma.h"

#include <algorithm>
#include <cmath>

#include "wide.h"

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
  weights_.luma = fixed(of_luma);
  weights_.luma_zero = is_full ? 0 : 16;
  weights_.red_of_cr = fixed(2 * (1 - red) * of_chroma);
  weights_.blue_of_cb = fixed(2 * (1 - blue) * of_chroma);
  weights_.green_of_cb = fixed(2 * blue * (1 - blue) / green * of_chroma);
  weights_.green_of_cr = fixed(2 * red * (1 - red) / green * of_chroma);
  sums_.resize(static_cast<size_t>(chroma_width_) + 2);
  cb_.resize(static_cast<size_t>(chroma_width_) * 2);
  cr_.resize(static_cast<size_t>(chroma_width_) * 2);
}

// A sample's sum with the one of the next row: 3 parts of the near one, 1 of the far one.
struct ChromaReader::Join {
  static SLUICE_LOOP void run(const uint8_t *near, const uint8_t *far, int width, uint16_t *sums) {
    for (int x = 0; x < width; x++) sums[x] = static_cast<uint16_t>(3 * near[x] + far[x]);
  }
};

// The same along the row, where each sum becomes two samples.
struct ChromaReader::Spread {
  static SLUICE_LOOP void run(const uint16_t *sums, int width, uint16_t left_bias, uint16_t right_bias, int bits,
                              uint8_t *out) {
    for (int x = 0; x < width; x++) {
      const auto whole = static_cast<uint16_t>(3 * sums[x]);
      out[2 * x] = static_cast<uint8_t>(static_cast<uint16_t>(whole + sums[x - 1] + left_bias) >> bits);
      out[2 * x + 1] = static_cast<uint8_t>(static_cast<uint16_t>(whole + sums[x + 1] + right_bias) >> bits);
    }
  }
};

struct ChromaReader::Colour {
  // So many pixels at a time, in memory of its own: the compiler then sees that nothing overlaps.
  static constexpr int block = 128;

  static SLUICE_LOOP void run(Weights weights, const uint8_t *luma, const uint8_t *cbs, const uint8_t *crs, int width,
                              uint8_t *rgb) {
    for (int start = 0; start < width; start += block) {
      const int count = width - start < block ? width - start : block;
      uint8_t red[block], green[block], blue[block];
      for (int x = 0; x < count; x++) {
        const int light = weights.luma * (luma[start + x] - weights.luma_zero) + 32768;
        const int cb = cbs[start + x] - 128, cr = crs[start + x] - 128;
        red[x] = level(light + weights.red_of_cr * cr);
        green[x] = level(light - weights.green_of_cb * cb - weights.green_of_cr * cr);
        blue[x] = level(light + weights.blue_of_cb * cb);
      }
      for (int x = 0; x < count; x++, rgb += 3) {
        rgb[0] = red[x];
        rgb[1] = green[x];
        rgb[2] = blue[x];
      }
    }
  }

  static SLUICE_LOOP uint8_t level(int sum) {
    const int value = sum >> 16;
    return static_cast<uint8_t>(value < 0 ? 0 : value > 255 ? 255 : value);
  }
};

void ChromaReader::spread(int plane, int y, std::vector<uint8_t> &row) {
  const int near_row = halves_height_ ? y / 2 : y;
  const int far_row = std::clamp(near_row + (y % 2 == 0 ? -1 : 1), 0, chroma_height_ - 1);
  const uint8_t *near = frame_.data[plane] + static_cast<ptrdiff_t>(near_row) * frame_.linesize[plane];
  const uint8_t *far = frame_.data[plane] + static_cast<ptrdiff_t>(far_row) * frame_.linesize[plane];
  const int width = chroma_width_;
  uint16_t *sums = sums_.data() + 1;
  // What a sum is of, as a power of two.
  int bits = 0;
  if (halves_height_) {
    run<Join>(near, far, width, sums);
    bits = 2;
  } else {
    std::copy(near, near + width, sums);
  }
  if (!halves_width_) {
    const int bias = bits == 0 ? 0 : y % 2 == 0 ? 1 : 2;
    for (int x = 0; x < width; x++) row[static_cast<size_t>(x)] = static_cast<uint8_t>((sums[x] + bias) >> bits);
    return;
  }
  sums[-1] = sums[0];
  sums[width] = sums[width - 1];
  // Rounding goes up and down in turns, so that it doesn't shift colours.
  const uint16_t left_bias = bits == 2 ? 8 : 1, right_bias = bits == 2 ? 7 : 2;
  run<Spread>(static_cast<const uint16_t *>(sums), width, left_bias, right_bias, bits + 2, row.data());
}

void ChromaReader::read(int y, uint8_t *rgb) {
  spread(1, y, cb_);
  spread(2, y, cr_);
  const uint8_t *luma = frame_.data[0] + static_cast<ptrdiff_t>(y) * frame_.linesize[0];
  const uint8_t *cb = cb_.data(), *cr = cr_.data();
  run<Colour>(weights_, luma, cb, cr, frame_.width, rgb);
}

}  // namespace sluice_media
