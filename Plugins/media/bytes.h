// bytes.h - a view of the body: every read is checked, and past the end is an error and never a guess.
#ifndef SLUICE_MEDIA_BYTES_H
#define SLUICE_MEDIA_BYTES_H
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "refusal.h"

namespace sluice_media {

struct Bytes {
  const uint8_t *data;
  size_t size;

  bool has(size_t at, size_t count) const { return at <= size && count <= size - at; }

  bool starts_with(const char *text, size_t length, size_t at = 0) const {
    return has(at, length) && std::memcmp(data + at, text, length) == 0;
  }

  void need(size_t at, size_t count, const char *what) const {
    if (!has(at, count)) refuse("the %s is cut short: it ends after %zu bytes", what, size);
  }

  uint16_t u16be(size_t at) const { return static_cast<uint16_t>(data[at] << 8 | data[at + 1]); }
  uint16_t u16le(size_t at) const { return static_cast<uint16_t>(data[at + 1] << 8 | data[at]); }
  uint32_t u32be(size_t at) const { return static_cast<uint32_t>(u16be(at)) << 16 | u16be(at + 2); }
  uint32_t u32le(size_t at) const { return static_cast<uint32_t>(u16le(at + 2)) << 16 | u16le(at); }
  uint32_t u24le(size_t at) const { return static_cast<uint32_t>(data[at + 2]) << 16 | u16le(at); }
};

}  // namespace sluice_media
#endif
