// exchange.h - one request to a server and its answer.
#ifndef SLUICE_REMOTE_EXCHANGE_H
#define SLUICE_REMOTE_EXCHANGE_H
#include <curl/curl.h>
#include <simdjson.h>

#include <atomic>
#include <string>
#include <vector>

#include "body.h"
#include "settings.h"

namespace remote {

class Exchange;
class Loop;
class Plain;

// Who waits for an exchange. Called on the loop's thread; nothing may be thrown.
class Listener {
 public:
  enum class Flow { taken, hold };

  virtual ~Listener() = default;
  // A piece of the answer, for those that don't wait for the whole. `hold` has it come again after Loop::nudge().
  virtual Flow received(Exchange &, const char *, size_t) noexcept { return Flow::taken; }
  // The exchange is over, and forgotten by the loop.
  virtual void ended(Exchange &) noexcept = 0;
};

class Exchange {
 public:
  enum class End {
    answered,
    unreachable,  // nothing of it has reached the server
    broken,       // the connection ended in the middle of it
    timed_out,
    lying,  // what came is no answer
    cancelled
  };

  // What is asked, by whoever submits it.
  std::string url;
  std::vector<std::string> headers;
  const Body *body = nullptr;  // GET without one
  const Server *server = nullptr;
  Listener *listener = nullptr;
  const sluice_request *request = nullptr;  // its caller's leaving ends the exchange
  uint64_t deadline_ns = 0;                 // never 0
  size_t max_bytes = 0;
  bool is_http2 = false, in_pieces = false;
  bool may_resend = true;  // over another connection, where the one that was kept turns out to be closed
  std::atomic<bool> is_abandoned{false};
  bool was_resent = false;

  // What came of it.
  End end = End::cancelled;
  std::string problem;  // for people; without addresses
  long status = 0;
  std::string content_type, grpc_status, grpc_message;
  bool is_busy = false;  // it says when it will have time again
  size_t json_length = 0;  // Inference-Header-Content-Length; 0 where there is none
  std::string data;
  simdjson::ondemand::parser parser;  // of the document in it; its memory is for the next one, too

  void forget_answer() {
    end = End::cancelled;
    problem.clear();
    status = 0;
    content_type.clear();
    grpc_status.clear();
    grpc_message.clear();
    json_length = 0;
    is_busy = false;
    if (data.capacity() > Body::largest_kept) std::string().swap(data);
    data.clear();
    if (parser.capacity() > Body::largest_kept) parser = simdjson::ondemand::parser();
    is_abandoned = false;
  }

 private:
  friend class Loop;
  friend class Plain;

  // The loop's own.
  std::string head_;  // of the request, where libcurl doesn't write it
  CURL *easy_ = nullptr;
  std::vector<curl_slist> lines_;
  size_t place_ = 0;          // among those under way
  size_t sent_ = 0;           // of the body
  size_t head_bytes_ = 0;
  bool is_refused_ = false;   // by our own callbacks: `end` and `problem` are there
  bool is_held_ = false;
  bool is_guest_ = false;        // it is to share a connection that is there, and to open none
  bool is_turned_away_ = false;  // there was none that it could share
  Loop *loop_ = nullptr;
};

}  // namespace remote

#endif
