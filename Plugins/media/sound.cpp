#include "sound.h"

#include <algorithm>
#include <cmath>

namespace sluice_media {
namespace {

constexpr int most_channels = 8;

// From the file's channels and rate to the settings'.
class Mixer {
 public:
  Mixer(const AudioSettings &settings, const char *name) : settings_(settings), name_(name) {}

  void add(const AVFrame &frame, Sound &sound) {
    if (resampler_ == nullptr) {
      start(frame);
    } else if (frame.sample_rate != rate_ || frame.ch_layout.nb_channels != channels_ || frame.format != format_) {
      refuse("the %s changes its sample rate or its channels in the middle", name_);
    }
    convert(const_cast<const uint8_t **>(frame.extended_data), frame.nb_samples, sound);
  }

  void finish(Sound &sound) {
    if (resampler_ != nullptr) convert(nullptr, 0, sound);
  }

 private:
  const AudioSettings &settings_;
  const char *name_;
  Resampler resampler_;
  int rate_ = 0, channels_ = 0, format_ = -1;

  void start(const AVFrame &frame) {
    rate_ = frame.sample_rate;
    channels_ = frame.ch_layout.nb_channels;
    format_ = frame.format;
    if (channels_ < 1 || channels_ > most_channels) {
      refuse("the %s has %d channels; at most %d are read", name_, channels_, most_channels);
    }
    if (rate_ < 1000 || rate_ > 768000) refuse("the %s has a sample rate of %d Hz, which isn't read", name_, rate_);
    if (settings_.channels == 2 && channels_ > 2) {
      refuse("the %s has %d channels; where stereo is asked for, it may have 1 or 2", name_, channels_);
    }
    AVChannelLayout from = {}, to = {};
    av_channel_layout_default(&from, channels_);
    av_channel_layout_default(&to, settings_.channels);
    SwrContext *made_one = nullptr;
    const int status = swr_alloc_set_opts2(&made_one, &to, AV_SAMPLE_FMT_FLT, settings_.rate, &from,
                                           static_cast<AVSampleFormat>(format_), rate_, 0, nullptr);
    resampler_.reset(made_one);
    if (status < 0 || made_one == nullptr) throw std::bad_alloc();
    if (channels_ != settings_.channels) {
      // Mono is the mean of all channels; stereo of mono has it on both sides.
      double weights[2 * most_channels];
      const double each = settings_.channels == 1 ? 1.0 / channels_ : 1;
      std::fill(weights, weights + settings_.channels * channels_, each);
      swr_set_matrix(made_one, weights, channels_);
    }
    if (swr_init(made_one) < 0) refuse("the %s stores its samples in a way that isn't read", name_);
  }

  void convert(const uint8_t **data, int count, Sound &sound) {
    const int most = swr_get_out_samples(resampler_.get(), count);
    if (most <= 0) return;
    const size_t before = sound.samples.size();
    sound.samples.resize(before + static_cast<size_t>(most) * static_cast<size_t>(sound.channels));
    auto *out = reinterpret_cast<uint8_t *>(sound.samples.data() + before);
    const int written = swr_convert(resampler_.get(), &out, most, data, count);
    if (written < 0) refuse("the %s can't be resampled", name_);
    sound.samples.resize(before + static_cast<size_t>(written) * static_cast<size_t>(sound.channels));
    if (static_cast<double>(sound.count()) > settings_.max_seconds * settings_.rate) {
      refuse("the %s is longer than %g s, the most that is taken", name_, settings_.max_seconds);
    }
  }
};

}  // namespace

Sound decode_sound(Bytes body, Format format, const AudioSettings &settings, const Patience &patience) {
  const char *name = format_name(format);
  Container container(body, format, AVMEDIA_TYPE_AUDIO, patience);
  if (container.seconds() > settings.max_seconds + 0.1 && format != Format::MP3 && format != Format::AAC) {
    refuse("the %s is %.1f s long; at most %g s are taken", name, container.seconds(), settings.max_seconds);
  }
  // Its frames stand by themselves: a player goes on behind a bad one, and the first or last often is.
  const bool forgives = format == Format::MP3;
  Codec codec = container.decoder(0);
  Packet packet(made(av_packet_alloc()));
  Frame frame(made(av_frame_alloc()));
  Sound sound;
  sound.channels = settings.channels;
  Mixer mixer(settings, name);
  int64_t packets = 0, damaged = 0;
  for (bool is_end = false; !is_end;) {
    is_end = !container.read(packet.get());
    int status = avcodec_send_packet(codec.get(), is_end ? nullptr : packet.get());
    av_packet_unref(packet.get());
    packets++;
    while (status >= 0) {
      status = avcodec_receive_frame(codec.get(), frame.get());
      if (status >= 0) mixer.add(*frame, sound);
    }
    if (status == AVERROR(ENOMEM)) throw std::bad_alloc();
    if (status != AVERROR(EAGAIN) && status != AVERROR_EOF) {
      damaged++;
      if (!forgives) refuse("the %s is damaged: it can't be decoded behind %.2f s", name,
                            static_cast<double>(sound.count()) / settings.rate);
    }
  }
  mixer.finish(sound);
  if (damaged > 2 + packets / 100) refuse("the %s is damaged: %lld of its frames can't be decoded", name,
                                          static_cast<long long>(damaged));
  if (sound.samples.empty()) refuse("the %s has no sound in it", name);
  if (format == Format::FLAC && container.seconds() > 0) {
    const double decoded = static_cast<double>(sound.count()) / settings.rate;
    if (decoded < container.seconds() - 0.01) {
      refuse("the FLAC is cut short: %.2f s of %.2f s are there", decoded, container.seconds());
    }
  }
  return sound;
}

int64_t window_count(const AudioSettings &settings, int64_t samples) {
  const int64_t padded = samples + settings.pad_start;
  if (settings.window == 0) return 1;
  if (padded <= settings.window) return settings.pad_end || padded == settings.window ? 1 : 0;
  const int64_t beyond = padded - settings.window;
  return 1 + (settings.pad_end ? (beyond + settings.hop - 1) / settings.hop : beyond / settings.hop);
}

void write_sound(const Sound &sound, const AudioSettings &settings, void *data) {
  const int64_t count = sound.count(), windows = window_count(settings, count);
  const int64_t length = settings.window > 0 ? settings.window : count + settings.pad_start;
  const int64_t channels = sound.channels;
  const bool is_interleaved = settings.layout.back() == 'C';
  for (int64_t w = 0; w < windows; w++) {
    const int64_t first = w * settings.hop - settings.pad_start;
    for (int64_t c = 0; c < channels; c++) {
      const int64_t start = w * length * channels + (is_interleaved ? c : c * length);
      const int64_t step = is_interleaved ? channels : 1;
      for (int64_t i = 0; i < length; i++) {
        const int64_t at = first + i;
        const bool is_inside = at >= 0 && at < count;
        const float sample = is_inside ? sound.samples[static_cast<size_t>(at * channels + c)] : 0;
        if (settings.is_float) {
          static_cast<float *>(data)[start + i * step] = static_cast<float>(sample * settings.scale);
        } else {
          const double scaled = std::nearbyint(sample * settings.scale * 32768);
          static_cast<int16_t *>(data)[start + i * step] = static_cast<int16_t>(std::clamp(scaled, -32768.0, 32767.0));
        }
      }
    }
  }
}

}  // namespace sluice_media
