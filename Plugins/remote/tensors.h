// tensors.h - tensors on the wire: raw, with a length before each element of BYTES, and as JSON.
#ifndef SLUICE_REMOTE_TENSORS_H
#define SLUICE_REMOTE_TENSORS_H
#include <optional>
#include <string_view>

#include "body.h"
#include "json.h"
#include "ports.h"

namespace remote {

using sluice::Failure;
using sluice::Port;

// What came is no answer that the model declared. `what` goes on after "the remote ".
Failure lie(const std::string &what);

std::optional<sluice_dtype> datatype_of(std::string_view name);
inline bool is_text(const Port &port) { return port.dtype.code == SLUICE_BYTES; }

uint64_t count_of(const sluice_tensor &tensor);

// An input as it goes over the wire, little-endian as this machine is. Large ones are lent: the request outlives the call.
uint64_t raw_size(const sluice_tensor &tensor);
void append_raw(const sluice_tensor &tensor, Body &body);

// The element of BYTES, of `count_of` many.
inline std::string_view element(const sluice_tensor &tensor, uint64_t index) {
  const auto size = static_cast<size_t>(tensor.offsets[index + 1] - tensor.offsets[index]);
  return size == 0 ? std::string_view() : std::string_view(static_cast<const char *>(tensor.data) + tensor.offsets[index], size);
}

// A flat list, `[1,2,3]`. Throws a Failure for what JSON can't carry.
void append_json(const sluice_tensor &tensor, std::string &text);
// Its one element bare.
void append_json_scalar(const sluice_tensor &tensor, std::string &text);

// Throws unless the shape is one that the output may have; returns the number of elements.
size_t checked_count(const Port &port, const std::vector<int64_t> &shape);

// An output from what came; both throw a Failure where that isn't what the shape takes.
void add_raw(sluice::Answer &answer, const Port &port, std::vector<int64_t> shape, std::string_view raw);
// `text_size` is that of the whole document: a small one can't ask for much memory.
void add_json(sluice::Answer &answer, const Port &port, std::vector<int64_t> shape, json::array data, size_t text_size);

// The host's memory for an output of fixed width, of so many elements.
void *add_room(sluice::Answer &answer, const Port &port, std::vector<int64_t> shape);

}  // namespace remote

#endif
