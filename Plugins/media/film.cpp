#include "film.h"

#include <cmath>

namespace sluice_media {
namespace {

// EXIF's number for how a film is turned; telephones film sideways and say so.
int orientation_of(const AVStream *stream) {
  size_t size = 0;
  const uint8_t *matrix = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
  if (matrix == nullptr || size < 9 * sizeof(int32_t)) return 1;
  const double turned = -av_display_rotation_get(reinterpret_cast<const int32_t *>(matrix));
  if (std::isnan(turned)) return 1;
  switch ((static_cast<int>(std::lround(turned)) % 360 + 360) % 360) {
    case 90: return 6;
    case 180: return 3;
    case 270: return 8;
    default: return 1;
  }
}

// How many pictures the stream has, without decoding any.
int64_t count_packets(Bytes body, Format format, const Patience &patience) {
  Container container(body, format, AVMEDIA_TYPE_VIDEO, patience);
  Packet packet(made(av_packet_alloc()));
  int64_t count = 0;
  while (container.read(packet.get())) {
    count++;
    av_packet_unref(packet.get());
  }
  return count;
}

// Picks pictures as they come by, in the order in which they are shown.
class Sampler {
 public:
  Sampler(const Settings &settings, const char *name, int64_t total, int orientation)
      : settings_(settings), video_(settings.video), name_(name), total_(total), orientation_(orientation),
        reader_(settings.image.colour == Colour::Gray), last_(made(av_frame_alloc())) {}

  void add(AVFrame *frame, double seconds) {
    if (seconds > video_.max_seconds) {
      refuse("the %s is longer than %g s, the most that is taken", name_, video_.max_seconds);
    }
    const int64_t index = seen_++;
    if (video_.every > 0) {
      if (index % video_.every == 0) take(*frame);
    } else if (video_.fps > 0) {
      // What is shown at a moment is the last picture before it.
      while (index > 0 && static_cast<double>(next_) / video_.fps < seconds - 1e-6) {
        take(*last_);
        next_++;
      }
      keep(frame);
    } else {
      while (next_ < video_.frames && wanted(next_) <= index) {
        take(*frame);
        next_++;
      }
      if (next_ < video_.frames) keep(frame);
    }
    latest_ = seconds;
  }

  Film finish() {
    if (seen_ == 0) refuse("the %s has no pictures in it", name_);
    if (video_.fps > 0) {
      for (; static_cast<double>(next_) / video_.fps <= latest_ + 1e-6; next_++) take(*last_);
    }
    // There were fewer than the file said.
    for (; video_.frames > 0 && next_ < video_.frames; next_++) take(*last_);
    return std::move(film_);
  }

  bool is_full() const { return video_.frames > 0 && next_ >= video_.frames; }

 private:
  const Settings &settings_;
  const VideoSettings &video_;
  const char *name_;
  int64_t total_;
  int orientation_;
  FrameReader reader_;
  Frame last_;
  Film film_;
  int64_t seen_ = 0, next_ = 0;
  double latest_ = 0;

  // The middle of the i-th of so many equal parts.
  int64_t wanted(int64_t i) const { return (2 * i + 1) * total_ / (2 * video_.frames); }

  void keep(AVFrame *frame) {
    av_frame_unref(last_.get());
    av_frame_move_ref(last_.get(), frame);
  }

  void take(const AVFrame &frame) {
    if (static_cast<int64_t>(film_.pictures.size()) >= video_.max_frames) {
      refuse("more than %lld pictures would be taken of the %s", static_cast<long long>(video_.max_frames), name_);
    }
    if (frame.width <= 0 || frame.height <= 0 || int64_t{frame.width} * frame.height > settings_.image.max_pixels) {
      refuse("the %s has a picture of %dx%d pixels; at most %lld are taken", name_, frame.width, frame.height,
             static_cast<long long>(settings_.image.max_pixels));
    }
    film_.pixels += int64_t{frame.width} * frame.height;
    film_.pictures.push_back(fitted(upright(reader_.read(frame), orientation_), settings_.image));
    const Picture &first = film_.pictures.front(), &last = film_.pictures.back();
    if (first.width != last.width || first.height != last.height) {
      refuse("the %s changes the size of its pictures in the middle", name_);
    }
    const auto bytes = static_cast<int64_t>(film_.pictures.size() * last.pixels.size()) *
                       (settings_.image.is_float ? 4 : 1);
    if (bytes > settings_.max_bytes) {
      refuse("the pictures of the %s would become more than %lld bytes", name_,
             static_cast<long long>(settings_.max_bytes));
    }
  }
};

}  // namespace

Film decode_film(Bytes body, Format format, const Settings &settings, const Patience &patience) {
  const char *name = format_name(format);
  const int64_t max_pixels = settings.image.max_pixels;
  int64_t total = 0;
  if (settings.video.frames > 0) total = count_packets(body, format, patience);
  Container container(body, format, AVMEDIA_TYPE_VIDEO, patience);
  if (container.seconds() > settings.video.max_seconds) {
    refuse("the %s is %.1f s long; at most %g s are taken", name, container.seconds(), settings.video.max_seconds);
  }
  const AVStream *stream = container.stream();
  const int64_t width = stream->codecpar->width, height = stream->codecpar->height;
  if (width > 0 && height > 0 && width * height > max_pixels) {
    refuse("the %s has pictures of %lldx%lld pixels; at most %lld are taken", name, static_cast<long long>(width),
           static_cast<long long>(height), static_cast<long long>(max_pixels));
  }
  Codec codec = container.decoder(max_pixels);
  Packet packet(made(av_packet_alloc()));
  Frame frame(made(av_frame_alloc()));
  Sampler sampler(settings, name, total, orientation_of(stream));
  double start = NAN;
  int64_t shown = 0;
  for (bool is_end = false; !is_end && !sampler.is_full();) {
    is_end = !container.read(packet.get());
    int status = avcodec_send_packet(codec.get(), is_end ? nullptr : packet.get());
    av_packet_unref(packet.get());
    while (status >= 0) {
      patience.check();
      status = avcodec_receive_frame(codec.get(), frame.get());
      if (status < 0) break;
      if ((frame->flags & AV_FRAME_FLAG_CORRUPT) != 0 || frame->decode_error_flags != 0) {
        refuse("the %s is damaged: picture %lld can't be decoded", name, static_cast<long long>(shown));
      }
      double seconds = static_cast<double>(shown) / 25;
      if (frame->best_effort_timestamp != AV_NOPTS_VALUE) {
        seconds = static_cast<double>(frame->best_effort_timestamp) * av_q2d(stream->time_base);
        if (std::isnan(start)) start = seconds;
        seconds -= start;
      }
      shown++;
      sampler.add(frame.get(), seconds);
      av_frame_unref(frame.get());
    }
    if (status == AVERROR(ENOMEM)) throw std::bad_alloc();
    if (status != AVERROR(EAGAIN) && status != AVERROR_EOF && status < 0) {
      refuse("the %s is damaged: picture %lld can't be decoded", name, static_cast<long long>(shown));
    }
  }
  return sampler.finish();
}

}  // namespace sluice_media
