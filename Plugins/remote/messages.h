// messages.h - the parts of the Open Inference Protocol's messages.
#ifndef SLUICE_REMOTE_MESSAGES_H
#define SLUICE_REMOTE_MESSAGES_H
#include "protobuf.h"
#include "tensors.h"

namespace remote {

// A parameter with the type that its text has, as an entry of a map.
void append_param(std::string &to, uint32_t field, std::string_view key, std::string_view text);
// A parameter of an answer as text; false for one that has no value here.
bool read_param(std::string_view entry, std::string &key, std::string &text);

// What a message says of a tensor.
struct Described {
  std::string_view name, datatype, contents;
  std::vector<int64_t> shape;
};

Described read_tensor(std::string_view bytes);

// Elements that came one by one, in the form in which tensors come as a whole.
std::string raw_of(std::string_view contents, const Port &port);

}  // namespace remote

#endif
