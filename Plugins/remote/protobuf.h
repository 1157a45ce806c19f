// protobuf.h - the wire format of protocol buffers, as far as the Open Inference Protocol's messages need it.
#ifndef SLUICE_REMOTE_PROTOBUF_H
#define SLUICE_REMOTE_PROTOBUF_H
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "guard.h"

namespace remote {

enum WireType : uint32_t { varint_type = 0, fixed64_type = 1, bytes_type = 2, fixed32_type = 5 };

inline void append_varint(std::string &to, uint64_t number) {
  while (number >= 0x80) {
    to += static_cast<char>(number | 0x80);
    number >>= 7;
  }
  to += static_cast<char>(number);
}

inline size_t varint_size(uint64_t number) {
  size_t size = 1;
  while (number >= 0x80) {
    number >>= 7;
    size++;
  }
  return size;
}

inline void append_tag(std::string &to, uint32_t field, WireType type) { append_varint(to, field << 3 | type); }

// What is absent reads as empty, so what is empty isn't written.
inline void append_field(std::string &to, uint32_t field, std::string_view bytes) {
  if (bytes.empty()) return;
  append_tag(to, field, bytes_type);
  append_varint(to, bytes.size());
  to += bytes;
}

inline void append_field(std::string &to, uint32_t field, uint64_t number) {
  append_tag(to, field, varint_type);
  append_varint(to, number);
}

// A message inside another: its length is filled in when it is there.
inline void append_message(std::string &to, uint32_t field, std::string_view message) {
  append_tag(to, field, bytes_type);
  append_varint(to, message.size());
  to += message;
}

// Goes through the fields of a message that nobody vouches for. Throws a Failure where it isn't one.
class Message {
 public:
  explicit Message(std::string_view bytes) : rest_(bytes) {}

  // Whether there is another field; it is then read by the functions below.
  bool next() {
    if (rest_.empty()) return false;
    const uint64_t tag = varint();
    field = static_cast<uint32_t>(tag >> 3);
    type = static_cast<WireType>(tag & 7);
    if (tag >> 32 != 0 || field == 0) throw broken();
    switch (type) {
      case varint_type: number = varint(); return true;
      case fixed64_type: bytes = take(8); return true;
      case fixed32_type: bytes = take(4); return true;
      case bytes_type: bytes = take(varint()); return true;
      default: throw broken();
    }
  }

  bool is_bytes(uint32_t wanted) const { return field == wanted && type == bytes_type; }

  // For the elements of a packed list.
  bool is_over() const { return rest_.empty(); }
  uint64_t varint() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) throw broken();
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    throw broken();
  }

  uint32_t field = 0;
  WireType type = varint_type;
  uint64_t number = 0;     // of a varint
  std::string_view bytes;  // of anything else

 private:
  static sluice::Failure broken() { return {SLUICE_DATA_LOSS, "the remote answers what is no message of the protocol"}; }

  std::string_view take(uint64_t size) {
    if (size > rest_.size()) throw broken();
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
};

}  // namespace remote

#endif
