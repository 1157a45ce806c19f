// reply - a libFuzzer target for the reader of answers over HTTP/1.1: `make fuzz-remote` in Plugins.
//
// The bytes are read at once and then one by one: both must come to the same, and no answer may be longer than it may be.
#include <cstdint>
#include <cstdlib>

#include "../reply.h"

namespace {

constexpr size_t longest = 1024;

struct Outcome {
  remote::Reply::State state = remote::Reply::State::more;
  size_t taken = 0;
};

Outcome read(std::string_view bytes, size_t step, remote::Exchange &exchange) {
  remote::Reply reply;
  Outcome outcome;
  exchange.max_bytes = longest;
  reply.start(exchange);
  while (outcome.state == remote::Reply::State::more && outcome.taken < bytes.size()) {
    // A copy of exactly its size: a read beyond it is seen.
    const std::string_view piece = bytes.substr(outcome.taken, step);
    const std::vector<char> copy(piece.begin(), piece.end());
    size_t taken = 0;
    outcome.state = reply.take({copy.data(), copy.size()}, taken);
    if (taken > copy.size() || (taken < copy.size() && outcome.state == remote::Reply::State::more)) abort();
    outcome.taken += taken;
  }
  if (outcome.state == remote::Reply::State::more) outcome.state = reply.end();
  if (exchange.data.size() > longest) abort();
  if (outcome.state == remote::Reply::State::bad && exchange.problem.empty()) abort();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char *>(data), size);
  remote::Exchange whole, split;
  const Outcome first = read(bytes, SIZE_MAX, whole), second = read(bytes, 1, split);
  if (first.state != second.state) abort();
  if (first.state != remote::Reply::State::done) return 0;
  const bool is_same = first.taken == second.taken && whole.status == split.status && whole.data == split.data &&
                       whole.content_type == split.content_type && whole.json_length == split.json_length &&
                       whole.is_busy == split.is_busy;
  if (!is_same) abort();
  return 0;
}
