#include "signature.h"

#include <cstddef>

namespace tf {
namespace {

// A reader of protobuf's wire format. Whatever is wrong ends it; nothing is read beyond the end.
class Message {
 public:
  Message(const unsigned char *data, size_t size) : at_(data), end_(data + size) {}

  // Goes on to the next field; false at the end.
  bool next() {
    if (at_ == end_) return false;
    const uint64_t tag = varint();
    field = tag >> 3;
    number = 0;
    bytes_ = nullptr;
    size_ = 0;
    switch (tag & 7) {
      case 0:
        number = varint();
        return at_ != nullptr;
      case 1:
        return skip(8);
      case 2: {
        const uint64_t size = varint();
        if (at_ == nullptr || size > static_cast<uint64_t>(end_ - at_)) return stop();
        bytes_ = at_;
        size_ = static_cast<size_t>(size);
        at_ += size;
        return true;
      }
      case 5:
        return skip(4);
      default:
        return stop();
    }
  }

  Message message() const { return Message(bytes_, size_); }
  std::string text() const { return std::string(reinterpret_cast<const char *>(bytes_), size_); }
  bool has_bytes() const { return bytes_ != nullptr; }

  uint64_t field = 0, number = 0;

 private:
  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64 && at_ != end_; shift += 7) {
      const unsigned char byte = *at_++;
      value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    stop();
    return 0;
  }

  bool skip(std::ptrdiff_t size) {
    if (end_ - at_ < size) return stop();
    at_ += size;
    return true;
  }

  bool stop() {
    at_ = end_ = nullptr;
    return false;
  }

  const unsigned char *at_, *end_;
  const unsigned char *bytes_ = nullptr;
  size_t size_ = 0;
};

TensorInfo tensor_of(Message info) {
  TensorInfo tensor;
  while (info.next()) {
    if (info.field == 1 && info.has_bytes()) tensor.tensor = info.text();
    if (info.field == 2) tensor.type = static_cast<int>(info.number);
    if (info.field != 3 || !info.has_bytes()) continue;
    Message shape = info.message();
    while (shape.next()) {
      if (shape.field == 3) tensor.any_rank = shape.number != 0;
      if (shape.field != 2 || !shape.has_bytes()) continue;
      int64_t size = 0;
      Message dimension = shape.message();
      while (dimension.next()) {
        if (dimension.field == 1) size = static_cast<int64_t>(dimension.number);
      }
      tensor.shape.push_back(size < 0 ? -1 : size);
    }
  }
  return tensor;
}

// An entry of a map: its key, and what is left to read of its value.
template <class Take>
void entry(Message pair, const Take &take) {
  std::string key;
  Message value(nullptr, 0);
  while (pair.next()) {
    if (pair.field == 1 && pair.has_bytes()) key = pair.text();
    if (pair.field == 2 && pair.has_bytes()) value = pair.message();
  }
  take(key, value);
}

}  // namespace

std::map<std::string, Signature> signatures_of(const void *data, size_t size) {
  std::map<std::string, Signature> signatures;
  Message graph(static_cast<const unsigned char *>(data), size);
  while (graph.next()) {
    if (graph.field != 5 || !graph.has_bytes()) continue;
    entry(graph.message(), [&](const std::string &name, Message definition) {
      Signature &signature = signatures[name];
      while (definition.next()) {
        if ((definition.field != 1 && definition.field != 2) || !definition.has_bytes()) continue;
        auto &ports = definition.field == 1 ? signature.inputs : signature.outputs;
        entry(definition.message(), [&](const std::string &port, Message info) { ports[port] = tensor_of(info); });
      }
    });
  }
  return signatures;
}

}  // namespace tf
