// container.h - a file of sound or film that lies in memory, and its one stream that is read.
#ifndef SLUICE_MEDIA_CONTAINER_H
#define SLUICE_MEDIA_CONTAINER_H
#include "av.h"
#include "header.h"

namespace sluice_media {

// When work on a request must end.
class Patience {
 public:
  explicit Patience(const sluice_request *request) : request_(request) {}
  // Whether the caller has gone or its time is over.
  bool is_over() const;
  // Throws what the caller is told then.
  void check() const;

 private:
  const sluice_request *request_;
};

// Reads from memory alone: there is no protocol, no other file and no network. Demuxers and decoders are those of a list.
class Container {
 public:
  Container(Bytes body, Format format, AVMediaType kind, const Patience &patience);
  ~Container();
  Container(const Container &) = delete;
  Container &operator=(const Container &) = delete;

  AVStream *stream() const { return stream_; }
  // Its length in seconds as far as the file says it; 0 where it doesn't.
  double seconds() const;
  // The stream's next packet; false at the end. Throws where the file is damaged.
  bool read(AVPacket *packet);
  // An open decoder for the stream, for pictures of so many pixels at most.
  Codec decoder(int64_t max_pixels) const;

 private:
  Bytes body_;
  size_t at_ = 0;
  const char *name_;
  const Patience &patience_;
  AVIOContext *io_ = nullptr;
  AVFormatContext *format_ = nullptr;
  AVStream *stream_ = nullptr;

  static int read_bytes(void *self, uint8_t *to, int count);
  static int64_t seek(void *self, int64_t offset, int whence);
  static int is_interrupted(void *self);
  static int open_nothing(AVFormatContext *, AVIOContext **, const char *, int, AVDictionary **);
  void open(Format format, AVMediaType kind);
  void close();
};

}  // namespace sluice_media
#endif
