#include "encode.h"

#include <algorithm>
#include <cmath>

#include "av.h"
#include "picture.h"

namespace sluice_media {
namespace {

// What the file formats can say.
constexpr int64_t largest_side = 65500;
constexpr int64_t largest_wav = int64_t{1} << 31;

// A side of a tensor, and how far it is from one element to the next along it.
struct Axis {
  int64_t side = 1, step = 0;
};

// The axes of a tensor by their letters in the layout.
struct Axes {
  const sluice_tensor &tensor;
  const std::string &layout;

  Axes(const sluice_tensor &tensor, const std::string &layout) : tensor(tensor), layout(layout) {
    if (static_cast<size_t>(tensor.ndim) != layout.size()) {
      refuse("it has %d dimensions, but layout %s has %zu", static_cast<int>(tensor.ndim), layout.c_str(), layout.size());
    }
  }

  Axis operator[](char letter) const {
    Axis axis;
    int64_t step = 1;
    for (size_t i = layout.size(); i-- > 0;) {
      if (layout[i] == letter) axis = {tensor.shape[i], step};
      step *= tensor.shape[i];
    }
    return axis;
  }
};

double number(const sluice_tensor &tensor, int64_t index) {
  if (tensor.dtype.code == SLUICE_FLOAT) return static_cast<const float *>(tensor.data)[index];
  if (tensor.dtype.bits == 16) return static_cast<const int16_t *>(tensor.data)[index];
  return static_cast<const uint8_t *>(tensor.data)[index];
}

// Rounded as rint does; what is no number is the smallest.
long clamped(double value, double least, double most) {
  if (!(value > least)) return static_cast<long>(least);
  return std::lrint(std::min(value, most));
}

Picture picture_of(const sluice_tensor &tensor, const WrittenImage &settings, const Patience &patience) {
  const Axes axes(tensor, settings.layout);
  const Axis count = axes['N'], channels = axes['C'], height = axes['H'], width = axes['W'];
  if (count.side != 1) {
    refuse("it has %lld pictures, and a file has one", static_cast<long long>(count.side));
  }
  if (channels.side != settings.channels()) {
    refuse("it has %lld colours, but %d are declared", static_cast<long long>(channels.side), settings.channels());
  }
  if (height.side < 1 || width.side < 1 || height.side > largest_side || width.side > largest_side ||
      height.side * width.side > settings.max_pixels) {
    refuse("it has %lldx%lld pixels; 1x1 to %lld pixels are written", static_cast<long long>(width.side),
           static_cast<long long>(height.side), static_cast<long long>(settings.max_pixels));
  }
  Picture picture(static_cast<int>(width.side), static_cast<int>(height.side), settings.channels());
  for (int y = 0; y < picture.height; y++) {
    if (y % 256 == 0) patience.check();
    uint8_t *out = picture.row(y);
    for (int64_t x = 0; x < width.side; x++) {
      for (int64_t c = 0; c < channels.side; c++) {
        const int64_t from = settings.colour == Colour::BGR ? 2 - c : c;
        const double level =
            number(tensor, y * height.step + x * width.step + from * channels.step) * settings.scale;
        *out++ = static_cast<uint8_t>(clamped(level, 0, 255));
      }
    }
  }
  return picture;
}

void fill(const Picture &picture, AVFrame &frame) {
  const int bytes = picture.width * picture.channels;
  for (int y = 0; y < picture.height; y++) {
    std::copy_n(picture.row(y), bytes, frame.data[0] + static_cast<ptrdiff_t>(y) * frame.linesize[0]);
  }
}

// As JFIF says, and with all of its colours: pictures that models draw have hard edges.
void fill_yuv(const Picture &picture, AVFrame &frame) {
  for (int y = 0; y < picture.height; y++) {
    const uint8_t *in = picture.row(y);
    uint8_t *out[3];
    for (int plane = 0; plane < 3; plane++) {
      out[plane] = frame.data[plane] + static_cast<ptrdiff_t>(y) * frame.linesize[plane];
    }
    for (int x = 0; x < picture.width; x++, in += picture.channels) {
      const double r = in[0], g = in[picture.channels / 2], b = in[picture.channels - 1];
      const double light = 0.299 * r + 0.587 * g + 0.114 * b;
      out[0][x] = static_cast<uint8_t>(clamped(light, 0, 255));
      out[1][x] = static_cast<uint8_t>(clamped(128 + (b - light) / 1.772, 0, 255));
      out[2][x] = static_cast<uint8_t>(clamped(128 + (r - light) / 1.402, 0, 255));
    }
  }
}

[[noreturn]] void fail_to_write() { refuse_with(SLUICE_INTERNAL, "the picture can't be written"); }

}  // namespace

std::vector<uint8_t> encode_picture(const sluice_tensor &tensor, const WrittenImage &settings, Format format,
                                    const Patience &patience) {
  const Picture picture = picture_of(tensor, settings, patience);
  const bool is_jpeg = format == Format::JPEG;
  const AVCodec *encoder = avcodec_find_encoder(is_jpeg ? AV_CODEC_ID_MJPEG : AV_CODEC_ID_PNG);
  if (encoder == nullptr) refuse_with(SLUICE_UNIMPLEMENTED, "libavcodec has no encoder for it");
  const Codec codec = make_codec(encoder);
  codec->width = picture.width;
  codec->height = picture.height;
  codec->time_base = {1, 1};
  codec->pix_fmt = is_jpeg ? AV_PIX_FMT_YUVJ444P : picture.channels == 1 ? AV_PIX_FMT_GRAY8 : AV_PIX_FMT_RGB24;
  const Frame frame(made(av_frame_alloc()));
  if (is_jpeg) {
    // Factors of the quantization tables, from 31 down to 1.
    const int factor = 1 + (100 - settings.quality) * 30 / 99;
    codec->color_range = AVCOL_RANGE_JPEG;
    codec->qmin = 1;
    codec->flags |= AV_CODEC_FLAG_QSCALE;
    codec->global_quality = FF_QP2LAMBDA * factor;
    frame->quality = codec->global_quality;
    frame->color_range = AVCOL_RANGE_JPEG;
  }
  if (avcodec_open2(codec.get(), encoder, nullptr) < 0) fail_to_write();
  frame->width = picture.width;
  frame->height = picture.height;
  frame->format = codec->pix_fmt;
  frame->pts = 0;
  if (av_frame_get_buffer(frame.get(), 0) < 0) throw std::bad_alloc();
  if (is_jpeg) {
    fill_yuv(picture, *frame);
  } else {
    fill(picture, *frame);
  }
  patience.check();
  const Packet packet(made(av_packet_alloc()));
  if (avcodec_send_frame(codec.get(), frame.get()) < 0 || avcodec_send_frame(codec.get(), nullptr) < 0 ||
      avcodec_receive_packet(codec.get(), packet.get()) < 0) {
    fail_to_write();
  }
  return {packet->data, packet->data + packet->size};
}

std::vector<uint8_t> encode_wav(const sluice_tensor &tensor, const WrittenAudio &settings) {
  const Axes axes(tensor, settings.layout);
  const Axis windows = axes['N'], samples = axes['S'], channels = axes['C'];
  if (windows.side != 1) refuse("it has %lld sounds, and a file has one", static_cast<long long>(windows.side));
  if (channels.side != settings.channels) {
    refuse("it has %lld channels, but %d are declared", static_cast<long long>(channels.side), settings.channels);
  }
  const double seconds = static_cast<double>(samples.side) / settings.rate;
  const int64_t bytes = samples.side * channels.side * 2;
  if (seconds > settings.max_seconds || bytes > largest_wav) {
    refuse("it lasts %.1f seconds; at most %g are written", seconds, settings.max_seconds);
  }
  std::vector<uint8_t> file;
  file.reserve(static_cast<size_t>(44 + bytes));
  const auto text = [&](const char *letters) {
    for (int i = 0; i < 4; i++) file.push_back(static_cast<uint8_t>(letters[i]));
  };
  const auto word = [&](int64_t value, int count) {
    for (int i = 0; i < count; i++) file.push_back(static_cast<uint8_t>(value >> 8 * i));
  };
  text("RIFF"), word(36 + bytes, 4), text("WAVE");
  text("fmt "), word(16, 4), word(1, 2), word(channels.side, 2), word(settings.rate, 4);
  word(settings.rate * channels.side * 2, 4), word(channels.side * 2, 2), word(16, 2);
  text("data"), word(bytes, 4);
  const double scale = tensor.dtype.code == SLUICE_FLOAT ? settings.scale * 32768 : 1;
  for (int64_t s = 0; s < samples.side; s++) {
    for (int64_t c = 0; c < channels.side; c++) {
      const double value = number(tensor, s * samples.step + c * channels.step) * scale;
      // Silence in place of what is no number.
      word(value == value ? clamped(value, -32768, 32767) : 0, 2);
    }
  }
  return file;
}

}  // namespace sluice_media
