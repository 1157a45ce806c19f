// reply.h - one answer over HTTP/1.1, read as its bytes come in.
#ifndef SLUICE_REMOTE_REPLY_H
#define SLUICE_REMOTE_REPLY_H
#include <string_view>

#include "exchange.h"

namespace remote {

// Notes what a header field says that means something here.
void take_field(Exchange &exchange, std::string_view name, std::string_view value);

constexpr size_t most_header_bytes = 64 << 10;

// A plain state machine, stricter than the standard asks of clients: what two readers could take for two different answers
// is none. Status, header fields and body go into the exchange, no more of it than `max_bytes`.
class Reply {
 public:
  enum class State { more, done, bad };

  void start(Exchange &exchange);

  // Takes bytes up to the end of the answer; `taken` is how many. Where the state is `bad`, `problem` of the exchange says
  // why. May throw for want of memory.
  State take(std::string_view bytes, size_t &taken);
  // The other side has closed the connection: `more` where the answer has not come to its end.
  State end();

  bool has_begun() const { return has_begun_; }
  // Whether another request may follow on the connection.
  bool keeps_open() const { return keeps_open_; }

 private:
  enum class Part { status, fields, body, chunk_size, chunk, chunk_end, trailers, rest, done };

  State refuse(const char *why);
  State line(std::string_view text);
  State status_line(std::string_view text);
  State field_line(std::string_view text, bool is_trailer);
  State head_ended();
  State chunk_size(std::string_view text);
  State body(std::string_view bytes);

  Exchange *exchange_ = nullptr;
  std::string line_;  // what has come of a line without its end
  Part part_ = Part::status;
  size_t head_bytes_ = 0, left_ = 0;  // of the body, or of the chunk
  bool has_begun_ = false, keeps_open_ = false, has_length_ = false, is_chunked_ = false;
};

}  // namespace remote

#endif
