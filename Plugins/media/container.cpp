#include "container.h"

#include <algorithm>
#include <cstring>

namespace sluice_media {
namespace {

constexpr int io_buffer = 64 << 10;

// Nothing but these is ever opened, whatever a file says that it needs.
const char *const demuxers = "wav,flac,mp3,ogg,aac,mov,matroska";
const char *const decoders =
    "pcm_u8,pcm_s16le,pcm_s24le,pcm_s32le,pcm_f32le,pcm_f64le,pcm_s16be,pcm_s24be,pcm_alaw,pcm_mulaw,flac,mp3float,"
    "vorbis,opus,aac,h264,hevc,vp8,vp9,libdav1d";

const char *demuxer_name(Format format) {
  switch (format) {
    case Format::WAV: return "wav";
    case Format::FLAC: return "flac";
    case Format::MP3: return "mp3";
    case Format::Ogg: return "ogg";
    case Format::AAC: return "aac";
    case Format::MP4: return "mov";
    case Format::Matroska: return "matroska";
    default: return nullptr;
  }
}

// The decoder of a stream, where it is one of the list.
const AVCodec *listed_decoder(AVCodecID id) {
  const char *name = nullptr;
  switch (id) {
    case AV_CODEC_ID_MP3: name = "mp3float"; break;
    case AV_CODEC_ID_AV1: name = "libdav1d"; break;
    default: name = avcodec_get_name(id); break;
  }
  const char *at = decoders;
  const size_t length = std::strlen(name);
  while (at != nullptr) {
    const char *end = std::strchr(at, ',');
    const size_t size = end == nullptr ? std::strlen(at) : static_cast<size_t>(end - at);
    if (size == length && std::strncmp(at, name, length) == 0) return avcodec_find_decoder_by_name(name);
    at = end == nullptr ? nullptr : end + 1;
  }
  return nullptr;
}

// What describes an MP3 stands before it, may be compressed, and isn't looked at.
Bytes without_tags(Bytes body) {
  while (body.starts_with("ID3", 3) && body.size > 10) {
    const size_t length = (body.data[6] & 0x7Fu) << 21 | (body.data[7] & 0x7Fu) << 14 | (body.data[8] & 0x7Fu) << 7 |
                          (body.data[9] & 0x7Fu);
    const size_t whole = 10 + length + ((body.data[5] & 0x10) != 0 ? 10 : 0);
    if (whole >= body.size) refuse("the MP3 is cut short: it ends in its tags");
    body = {body.data + whole, body.size - whole};
  }
  return body;
}

// A WAV says how long it is; the largest numbers stand for a length that its writer didn't know.
void check_wav(Bytes body) {
  size_t at = 12;
  while (body.has(at, 8)) {
    const size_t length = body.u32le(at + 4);
    if (body.starts_with("data", 4, at)) {
      if (length < 0x7FFFF000 && !body.has(at + 8, length)) {
        refuse("the WAV is cut short: its sound has %zu bytes of %zu", body.size - at - 8, length);
      }
      return;
    }
    at += 8 + length + (length & 1);
  }
  refuse("the WAV is cut short: it has no sound");
}

// The boxes of an MP4 follow each other to its end; one may say that it is all the rest.
void check_mp4(Bytes body) {
  size_t at = 0;
  bool has_index = false;
  while (at < body.size) {
    body.need(at, 8, "MP4");
    uint64_t length = body.u32be(at);
    if (length == 1) {
      body.need(at, 16, "MP4");
      length = static_cast<uint64_t>(body.u32be(at + 8)) << 32 | body.u32be(at + 12);
    }
    if (length == 0) length = body.size - at;
    if (length < 8) refuse("the MP4 is damaged: a box of %llu bytes", static_cast<unsigned long long>(length));
    if (length > body.size - at) refuse("the MP4 is cut short: it ends after %zu bytes", body.size);
    has_index = has_index || body.starts_with("moov", 4, at + 4);
    at += length;
  }
  if (!has_index) refuse("the MP4 is cut short: it has no index (moov)");
}

// A number of Matroska: its first byte tells how many there are. All ones is a length that isn't known.
bool read_ebml(Bytes body, size_t &at, uint64_t &value) {
  body.need(at, 1, "Matroska or WebM");
  int size = 1;
  while (size <= 8 && (body.data[at] & (0x80 >> (size - 1))) == 0) size++;
  if (size > 8) refuse("the Matroska or WebM is damaged: a length of more than 8 bytes");
  body.need(at, static_cast<size_t>(size), "Matroska or WebM");
  uint64_t number = body.data[at] & (0xFF >> size);
  bool is_known = number != (0xFFu >> size);
  for (int i = 1; i < size; i++) {
    number = number << 8 | body.data[at + static_cast<size_t>(i)];
    is_known = is_known || body.data[at + static_cast<size_t>(i)] != 0xFF;
  }
  at += static_cast<size_t>(size);
  value = number;
  return is_known;
}

void check_matroska(Bytes body) {
  size_t at = 4;
  uint64_t length = 0;
  if (!read_ebml(body, at, length) || length > body.size - at) refuse("the Matroska or WebM is cut short");
  at += length;
  body.need(at, 4, "Matroska or WebM");
  if (body.u32be(at) != 0x18538067) refuse("the Matroska or WebM is damaged: it has no segment");
  at += 4;
  if (read_ebml(body, at, length) && length > body.size - at) {
    refuse("the Matroska or WebM is cut short: it ends after %zu bytes", body.size);
  }
}

void check_ogg(Bytes body) {
  size_t at = 0;
  while (at < body.size) {
    body.need(at, 27, "Ogg");
    if (!body.starts_with("OggS", 4, at)) refuse("the Ogg is damaged: no page where one must be, at byte %zu", at);
    const size_t segments = body.data[at + 26];
    body.need(at + 27, segments, "Ogg");
    size_t length = 27 + segments;
    for (size_t i = 0; i < segments; i++) length += body.data[at + 27 + i];
    body.need(at, length, "Ogg");
    at += length;
  }
}

void check_aac(Bytes body) {
  size_t at = 0;
  while (at < body.size) {
    body.need(at, 7, "AAC");
    if (body.data[at] != 0xFF || (body.data[at + 1] & 0xF6) != 0xF0) {
      refuse("the AAC is damaged: no frame where one must be, at byte %zu", at);
    }
    const size_t length = (body.data[at + 3] & 3u) << 11 | body.data[at + 4] << 3 | body.data[at + 5] >> 5;
    if (length < 7) refuse("the AAC is damaged: a frame of %zu bytes", length);
    body.need(at, length, "AAC");
    at += length;
  }
}

// Whether a file is all there, as far as it says so itself: decoders would take what there is for the whole.
void check_whole(Bytes body, Format format) {
  switch (format) {
    case Format::WAV: return check_wav(body);
    case Format::MP4: return check_mp4(body);
    case Format::Matroska: return check_matroska(body);
    case Format::Ogg: return check_ogg(body);
    case Format::AAC: return check_aac(body);
    default: return;
  }
}

}  // namespace

bool Patience::is_over() const {
  const sluice_host *host = request_->host;
  if (host->is_cancelled(request_) != 0) return true;
  return request_->deadline_ns != 0 && host->now_ns(host) >= request_->deadline_ns;
}

void Patience::check() const {
  if (!is_over()) return;
  if (request_->host->is_cancelled(request_) != 0) refuse_with(SLUICE_CANCELLED, "the caller has gone");
  refuse_with(SLUICE_DEADLINE_EXCEEDED, "the body was not decoded in time");
}

Container::Container(Bytes body, Format format, AVMediaType kind, const Patience &patience)
    : body_(format == Format::MP3 ? without_tags(body) : body), name_(format_name(format)), patience_(patience) {
  check_whole(body, format);
  try {
    open(format, kind);
  } catch (...) {
    close();
    throw;
  }
}

Container::~Container() { close(); }

void Container::close() {
  avformat_close_input(&format_);
  if (io_ != nullptr) av_freep(&io_->buffer);
  avio_context_free(&io_);
}

int Container::read_bytes(void *self, uint8_t *to, int count) {
  auto *container = static_cast<Container *>(self);
  const size_t left = container->body_.size - container->at_;
  const size_t size = std::min(left, static_cast<size_t>(std::max(count, 0)));
  if (size == 0) return AVERROR_EOF;
  std::memcpy(to, container->body_.data + container->at_, size);
  container->at_ += size;
  return static_cast<int>(size);
}

int64_t Container::seek(void *self, int64_t offset, int whence) {
  auto *container = static_cast<Container *>(self);
  const auto size = static_cast<int64_t>(container->body_.size);
  switch (whence & ~AVSEEK_FORCE) {
    case AVSEEK_SIZE: return size;
    case SEEK_SET: break;
    case SEEK_CUR: offset += static_cast<int64_t>(container->at_); break;
    case SEEK_END: offset += size; break;
    default: return AVERROR(EINVAL);
  }
  if (offset < 0 || offset > size) return AVERROR(EINVAL);
  container->at_ = static_cast<size_t>(offset);
  return offset;
}

int Container::is_interrupted(void *self) { return static_cast<Container *>(self)->patience_.is_over() ? 1 : 0; }

int Container::open_nothing(AVFormatContext *, AVIOContext **, const char *, int, AVDictionary **) {
  return AVERROR(EPERM);
}

void Container::open(Format format, AVMediaType kind) {
  const AVInputFormat *demuxer = av_find_input_format(demuxer_name(format));
  if (demuxer == nullptr) refuse_with(SLUICE_UNIMPLEMENTED, "the installed libavformat can't read %s", name_);
  auto *buffer = static_cast<uint8_t *>(made(av_malloc(io_buffer)));
  io_ = avio_alloc_context(buffer, io_buffer, 0, this, read_bytes, nullptr, seek);
  if (io_ == nullptr) {
    av_free(buffer);
    throw std::bad_alloc();
  }
  format_ = made(avformat_alloc_context());
  format_->pb = io_;
  format_->flags |= AVFMT_FLAG_CUSTOM_IO;
  format_->io_open = open_nothing;
  format_->interrupt_callback = {is_interrupted, this};
  format_->max_streams = 8;
  format_->max_probe_packets = 256;
  format_->probesize = 2 << 20;
  format_->error_recognition = AV_EF_CRCCHECK | AV_EF_EXPLODE;
  format_->protocol_whitelist = made(av_strdup(""));
  format_->format_whitelist = made(av_strdup(demuxers));
  format_->codec_whitelist = made(av_strdup(decoders));
  if (avformat_open_input(&format_, "", demuxer, nullptr) < 0) {
    patience_.check();
    refuse("the %s is damaged, or isn't one: its head can't be read", name_);
  }
  const bool is_enough = avformat_find_stream_info(format_, nullptr) >= 0;
  patience_.check();
  if (!is_enough) refuse("the %s is damaged: what is in it can't be told", name_);

  const char *wanted = kind == AVMEDIA_TYPE_AUDIO ? "sound" : "film";
  for (unsigned i = 0; i < format_->nb_streams; i++) {
    AVStream *candidate = format_->streams[i];
    const bool is_cover = (candidate->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0;
    if (stream_ == nullptr && candidate->codecpar->codec_type == kind && !is_cover) {
      stream_ = candidate;
    } else {
      candidate->discard = AVDISCARD_ALL;
    }
  }
  if (stream_ == nullptr) refuse("the %s has no %s in it", name_, wanted);
  if (listed_decoder(stream_->codecpar->codec_id) == nullptr) {
    refuse("the %s holds %s in a form that isn't read (%s)", name_, wanted,
           avcodec_get_name(stream_->codecpar->codec_id));
  }
}

double Container::seconds() const {
  double seconds = 0;
  if (format_->duration > 0) seconds = static_cast<double>(format_->duration) / AV_TIME_BASE;
  if (stream_->duration > 0) {
    seconds = std::max(seconds, static_cast<double>(stream_->duration) * av_q2d(stream_->time_base));
  }
  return seconds;
}

bool Container::read(AVPacket *packet) {
  for (;;) {
    patience_.check();
    const int status = av_read_frame(format_, packet);
    if (status == AVERROR_EOF) return false;
    if (status == AVERROR(ENOMEM)) throw std::bad_alloc();
    if (status < 0) {
      patience_.check();
      refuse("the %s is damaged", name_);
    }
    if (packet->stream_index == stream_->index) return true;
    av_packet_unref(packet);
  }
}

Codec Container::decoder(int64_t max_pixels) const {
  const AVCodec *decoder = listed_decoder(stream_->codecpar->codec_id);
  Codec codec = make_codec(made(decoder));
  if (avcodec_parameters_to_context(codec.get(), stream_->codecpar) < 0) throw std::bad_alloc();
  codec->max_pixels = max_pixels;
  codec->pkt_timebase = stream_->time_base;
  codec->err_recognition = AV_EF_CRCCHECK;
  if (avcodec_open2(codec.get(), decoder, nullptr) < 0) refuse("the %s is damaged: its stream can't be opened", name_);
  return codec;
}

}  // namespace sluice_media
