// header.h - what a still picture says of itself before anything is decoded.
#ifndef SLUICE_MEDIA_HEADER_H
#define SLUICE_MEDIA_HEADER_H
#include <vector>

#include "bytes.h"

namespace sluice_media {

enum class Format { Unknown, PNG, JPEG, WebP, GIF, BMP, TIFF, WAV, FLAC, MP3, Ogg, AAC, MP4, Matroska };

const char *format_name(Format format);

// By the first bytes alone.
Format format_of(Bytes body);

struct Header {
  Format format = Format::Unknown;
  int64_t width = 0, height = 0;
  // EXIF's: 1 is upright, up to 8.
  int orientation = 1;
};

// Reads the structure of a picture through to its end, so that one that is cut short is refused before it is decoded.
Header read_header(Bytes body, Format format);

// The body as a decoder gets it: without what only describes the picture, which could expand to any size.
std::vector<uint8_t> essential(Bytes body, Format format);

}  // namespace sluice_media
#endif
