#include "picture.h"

#include <algorithm>
#include <cstring>

#include "chroma.h"

namespace sluice_media {
namespace {

const char *decoder_name(Format format) {
  switch (format) {
    case Format::PNG: return "png";
    case Format::JPEG: return "mjpeg";
    case Format::WebP: return "webp";
    case Format::GIF: return "gif";
    case Format::BMP: return "bmp";
    case Format::TIFF: return "tiff";
    default: return "";
  }
}

// Where red, green and blue are in a pixel of so many bytes; big-endian 16-bit colours are read by their first byte.
struct Packed {
  int format, size, red, green, blue;
};
constexpr Packed packed_formats[] = {
    {AV_PIX_FMT_RGB24, 3, 0, 1, 2},    {AV_PIX_FMT_BGR24, 3, 2, 1, 0},    {AV_PIX_FMT_RGBA, 4, 0, 1, 2},
    {AV_PIX_FMT_BGRA, 4, 2, 1, 0},     {AV_PIX_FMT_ARGB, 4, 1, 2, 3},     {AV_PIX_FMT_ABGR, 4, 3, 2, 1},
    {AV_PIX_FMT_0RGB, 4, 1, 2, 3},     {AV_PIX_FMT_RGB0, 4, 0, 1, 2},     {AV_PIX_FMT_BGR0, 4, 2, 1, 0},
    {AV_PIX_FMT_0BGR, 4, 3, 2, 1},     {AV_PIX_FMT_GRAY8, 1, 0, 0, 0},    {AV_PIX_FMT_YA8, 2, 0, 0, 0},
    {AV_PIX_FMT_GRAY16BE, 2, 0, 0, 0}, {AV_PIX_FMT_GRAY16LE, 2, 1, 1, 1}, {AV_PIX_FMT_YA16BE, 4, 0, 0, 0},
    {AV_PIX_FMT_RGB48BE, 6, 0, 2, 4},  {AV_PIX_FMT_RGB48LE, 6, 1, 3, 5},  {AV_PIX_FMT_RGBA64BE, 8, 0, 2, 4},
    {AV_PIX_FMT_RGBA64LE, 8, 1, 3, 5}, {AV_PIX_FMT_YA16LE, 4, 1, 1, 1},
};

void store(uint8_t *&out, bool gray, int red, int green, int blue) {
  if (gray) {
    // ITU-R 601, in 16 bits of fraction.
    *out++ = static_cast<uint8_t>((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16);
  } else {
    *out++ = static_cast<uint8_t>(red);
    *out++ = static_cast<uint8_t>(green);
    *out++ = static_cast<uint8_t>(blue);
  }
}

void read_packed(const AVFrame &frame, const Packed &packed, bool gray, Picture &picture) {
  for (int y = 0; y < frame.height; y++) {
    const uint8_t *in = frame.data[0] + static_cast<ptrdiff_t>(y) * frame.linesize[0];
    uint8_t *out = picture.row(y);
    for (int x = 0; x < frame.width; x++, in += packed.size) {
      store(out, gray, in[packed.red], in[packed.green], in[packed.blue]);
    }
  }
}

void read_palette(const AVFrame &frame, bool gray, Picture &picture) {
  for (int y = 0; y < frame.height; y++) {
    const uint8_t *in = frame.data[0] + static_cast<ptrdiff_t>(y) * frame.linesize[0];
    uint8_t *out = picture.row(y);
    for (int x = 0; x < frame.width; x++) {
      uint32_t colour;
      std::memcpy(&colour, frame.data[1] + in[x] * 4, 4);
      store(out, gray, colour >> 16 & 255, colour >> 8 & 255, colour & 255);
    }
  }
}

void read_planes(const AVFrame &frame, bool gray, Picture &picture) {
  for (int y = 0; y < frame.height; y++) {
    const uint8_t *planes[3];
    for (int p = 0; p < 3; p++) planes[p] = frame.data[p] + static_cast<ptrdiff_t>(y) * frame.linesize[p];
    uint8_t *out = picture.row(y);
    for (int x = 0; x < frame.width; x++) store(out, gray, planes[2][x], planes[0][x], planes[1][x]);
  }
}

void read_bits(const AVFrame &frame, Picture &picture) {
  const int white = frame.format == AV_PIX_FMT_MONOWHITE ? 0 : 1;
  for (int y = 0; y < frame.height; y++) {
    const uint8_t *in = frame.data[0] + static_cast<ptrdiff_t>(y) * frame.linesize[0];
    uint8_t *out = picture.row(y);
    for (int x = 0; x < frame.width; x++) {
      const uint8_t level = (in[x / 8] >> (7 - x % 8) & 1) == white ? 255 : 0;
      for (int c = 0; c < picture.channels; c++) *out++ = level;
    }
  }
}

}  // namespace

Picture FrameReader::read(const AVFrame &frame) {
  Picture picture(frame.width, frame.height, gray_ ? 1 : 3);
  for (const Packed &packed : packed_formats) {
    if (packed.format != frame.format) continue;
    read_packed(frame, packed, gray_, picture);
    return picture;
  }
  switch (frame.format) {
    case AV_PIX_FMT_PAL8: read_palette(frame, gray_, picture); return picture;
    case AV_PIX_FMT_GBRP:
    case AV_PIX_FMT_GBRAP: read_planes(frame, gray_, picture); return picture;
    case AV_PIX_FMT_MONOBLACK:
    case AV_PIX_FMT_MONOWHITE: read_bits(frame, picture); return picture;
    default: break;
  }

  if (ChromaReader::takes(frame)) {
    ChromaReader reader(frame);
    std::vector<uint8_t> rgb(static_cast<size_t>(frame.width) * 3);
    for (int y = 0; y < frame.height; y++) {
      if (!gray_) {
        reader.read(y, picture.row(y));
        continue;
      }
      reader.read(y, rgb.data());
      uint8_t *out = picture.row(y);
      for (const uint8_t *in = rgb.data(); in != rgb.data() + rgb.size(); in += 3) store(out, true, in[0], in[1], in[2]);
    }
    return picture;
  }

  // What is left is rare: more than 8 bits of luma, or chroma coarser than half.
  const AVPixFmtDescriptor *about = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format));
  if (about == nullptr || sws_isSupportedInput(static_cast<AVPixelFormat>(frame.format)) == 0) {
    refuse("the picture stores its colours in a way that isn't read");
  }
  const bool is_full = frame.format == AV_PIX_FMT_YUVJ411P || frame.color_range == AVCOL_RANGE_JPEG;
  int space = SWS_CS_ITU601;
  if (frame.colorspace == AVCOL_SPC_BT709) space = SWS_CS_ITU709;
  if (frame.colorspace == AVCOL_SPC_BT2020_NCL || frame.colorspace == AVCOL_SPC_BT2020_CL) space = SWS_CS_BT2020;
  if (frame.colorspace == AVCOL_SPC_SMPTE240M) space = SWS_CS_SMPTE240M;
  if (scaler_ == nullptr || width_ != frame.width || height_ != frame.height || format_ != frame.format ||
      is_full_ != is_full || space_ != space) {
    const int flags = SWS_BILINEAR | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP | SWS_ACCURATE_RND;
    scaler_.reset(sws_getContext(frame.width, frame.height, static_cast<AVPixelFormat>(frame.format), frame.width,
                                 frame.height, AV_PIX_FMT_RGB24, flags, nullptr, nullptr, nullptr));
    if (scaler_ == nullptr) refuse("the picture stores its colours in a way that isn't read");
    const int *table = sws_getCoefficients(space);
    sws_setColorspaceDetails(scaler_.get(), table, is_full ? 1 : 0, table, 1, 0, 1 << 16, 1 << 16);
    width_ = frame.width;
    height_ = frame.height;
    format_ = frame.format;
    is_full_ = is_full;
    space_ = space;
  }
  // Rows are written in whole vectors, which may reach past the last pixel.
  const int stride = (frame.width * 3 + 63) & ~63;
  std::vector<uint8_t> rows(static_cast<size_t>(stride) * static_cast<size_t>(frame.height) + 64);
  uint8_t *planes[4] = {rows.data(), nullptr, nullptr, nullptr};
  const int strides[4] = {stride, 0, 0, 0};
  if (sws_scale(scaler_.get(), frame.data, frame.linesize, 0, frame.height, planes, strides) != frame.height) {
    refuse("the picture's colours can't be read");
  }
  for (int y = 0; y < frame.height; y++) {
    const uint8_t *in = rows.data() + static_cast<ptrdiff_t>(y) * stride;
    uint8_t *out = picture.row(y);
    if (!gray_) {
      std::memcpy(out, in, static_cast<size_t>(frame.width) * 3);
    } else {
      for (int x = 0; x < frame.width; x++, in += 3) store(out, true, in[0], in[1], in[2]);
    }
  }
  return picture;
}

namespace {

// What libavcodec decodes into, in memory that is used again, but never with what was in it before.
int give_frame_memory(AVCodecContext *codec, AVFrame *frame, int flags) {
  int width = frame->width, height = frame->height, alignments[AV_NUM_DATA_POINTERS];
  avcodec_align_dimensions2(codec, &width, &height, alignments);
  const auto format = static_cast<AVPixelFormat>(frame->format);
  const int size = av_image_get_buffer_size(format, width, height, memory_alignment);
  // What isn't plain is for the library.
  const AVPixFmtDescriptor *about = av_pix_fmt_desc_get(format);
  if (size <= 0 || (codec->codec->capabilities & AV_CODEC_CAP_DR1) == 0 || about == nullptr ||
      (about->flags & (AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_HWACCEL)) != 0) {
    return avcodec_default_get_buffer2(codec, frame, flags);
  }
  const size_t whole = static_cast<size_t>(size) + AV_INPUT_BUFFER_PADDING_SIZE + memory_alignment;
  uint8_t *memory = nullptr;
  try {
    memory = static_cast<uint8_t *>(take_memory(whole));
  } catch (const std::bad_alloc &) {
    return AVERROR(ENOMEM);
  }
  std::memset(memory, 0, whole);
  frame->buf[0] = av_buffer_create(memory, whole, [](void *, uint8_t *data) { give_memory(data); }, nullptr, 0);
  if (frame->buf[0] == nullptr) {
    give_memory(memory);
    return AVERROR(ENOMEM);
  }
  frame->extended_data = frame->data;
  const int status = av_image_fill_arrays(frame->data, frame->linesize, memory, format, width, height, memory_alignment);
  return status < 0 ? status : 0;
}

}  // namespace

Picture decode_picture(Bytes body, const Header &header, int64_t max_pixels, bool gray) {
  const char *name = format_name(header.format);
  const AVCodec *decoder = avcodec_find_decoder_by_name(decoder_name(header.format));
  if (decoder == nullptr) {
    refuse_with(SLUICE_UNIMPLEMENTED, "the installed libavcodec can't read %s pictures", name);
  }
  Codec codec = make_codec(decoder);
  codec->max_pixels = max_pixels;
  codec->get_buffer2 = give_frame_memory;
  codec->err_recognition = AV_EF_CRCCHECK;
  // An odd tag of a TIFF doesn't make its picture a bad one.
  if (header.format != Format::TIFF) codec->err_recognition |= AV_EF_EXPLODE;
  if (avcodec_open2(codec.get(), decoder, nullptr) < 0) {
    refuse_with(SLUICE_INTERNAL, "the decoder of %s pictures doesn't start", name);
  }
  const std::vector<uint8_t> kept = essential(body, header.format);
  Packet packet(made(av_packet_alloc()));
  if (kept.size() > INT32_MAX - AV_INPUT_BUFFER_PADDING_SIZE) refuse("the %s has more than 2 GiB", name);
  if (av_new_packet(packet.get(), static_cast<int>(kept.size())) < 0) throw std::bad_alloc();
  std::memcpy(packet->data, kept.data(), kept.size());
  Frame frame(made(av_frame_alloc()));
  int status = avcodec_send_packet(codec.get(), packet.get());
  if (status >= 0) status = avcodec_receive_frame(codec.get(), frame.get());
  if (status == AVERROR(EAGAIN)) {
    avcodec_send_packet(codec.get(), nullptr);
    status = avcodec_receive_frame(codec.get(), frame.get());
  }
  if (status == AVERROR(ENOMEM)) throw std::bad_alloc();
  if (status == AVERROR_PATCHWELCOME) refuse("the %s uses a feature that isn't read", name);
  if (status < 0) refuse("the %s is damaged: it can't be decoded", name);
  if ((frame->flags & AV_FRAME_FLAG_CORRUPT) != 0 || frame->decode_error_flags != 0) {
    refuse("the %s is damaged: a part of it can't be decoded", name);
  }
  if (frame->width <= 0 || frame->height <= 0 || int64_t{frame->width} * frame->height > max_pixels) {
    refuse("the %s is damaged: its size isn't what it says", name);
  }
  FrameReader reader(gray);
  return reader.read(*frame);
}

Picture upright(Picture picture, int orientation) {
  if (orientation <= 1 || orientation > 8) return picture;
  const bool turns = orientation >= 5;
  Picture turned(turns ? picture.height : picture.width, turns ? picture.width : picture.height, picture.channels);
  const int channels = picture.channels, right = picture.width - 1, bottom = picture.height - 1;
  for (int y = 0; y < turned.height; y++) {
    uint8_t *out = turned.row(y);
    for (int x = 0; x < turned.width; x++) {
      int from_x = turns ? y : x, from_y = turns ? x : y;
      if (orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8) from_x = right - from_x;
      if (orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7) from_y = bottom - from_y;
      const uint8_t *in = picture.row(from_y) + from_x * channels;
      for (int c = 0; c < channels; c++) *out++ = in[c];
    }
  }
  return turned;
}

}  // namespace sluice_media
