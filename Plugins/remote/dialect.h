// dialect.h - what is said to a server and what it says, by one of three protocols.
#ifndef SLUICE_REMOTE_DIALECT_H
#define SLUICE_REMOTE_DIALECT_H
#include <memory>

#include "exchange.h"
#include "tensors.h"

namespace remote {

// The parameters of an answer.
using Facts = std::vector<std::pair<std::string, std::string>>;

// What is asked of any replica.
struct Question {
  std::string path;
  std::vector<std::string> headers;
  Body body;

  void clear() {
    path.clear();
    headers.clear();
    body.clear();
  }
};

// Puts the parts of an answer together while its bytes come in. Each is for one request and one thread.
class PartReader {
 public:
  virtual ~PartReader() = default;
  // Takes bytes, and answers each part that is whole. False when nobody wants more. Throws a Failure.
  virtual bool take(std::string_view bytes) = 0;
  // Nothing more comes: answers the end. Throws a Failure where the answer isn't whole.
  virtual void finish() = 0;

  bool has_answered = false;  // some part has gone out
  bool has_ended = false;     // the last one, too
};

class Dialect {
 public:
  explicit Dialect(const Settings &settings) : settings_(settings) {}
  virtual ~Dialect() = default;

  virtual bool is_http2() const { return false; }
  // Whether the replica says itself that it can't answer, and another one may.
  virtual bool is_unavailable(const Exchange &exchange) const {
    return exchange.status == 502 || exchange.status == 503 || exchange.status == 504;
  }

  // Whether inputs and outputs are to be asked for.
  virtual bool wants_description() const = 0;
  // The questions at load, in their order, and what their answers say; an answer that isn't there is a null. Throws a
  // Failure.
  virtual std::vector<std::unique_ptr<Question>> description() const = 0;
  virtual void describe(const std::vector<const Exchange *> &answers) = 0;

  // What a health check asks, and whether its answer is good.
  virtual void write_health(Question &question) const = 0;
  virtual bool is_healthy(const Exchange &exchange) const { return exchange.status >= 200 && exchange.status < 300; }

  // Throws a Failure where the request can't be put into the remote's words.
  virtual void write(const sluice_request *request, uint64_t left_ns, Question &question) const = 0;
  // Why an exchange that was answered is no answer; throws it.
  virtual void check(const Exchange &exchange) const = 0;
  // Answers the request. Throws a Failure before it does.
  virtual void answer(const sluice_request *request, Exchange &exchange) const = 0;
  // Whether what comes is an answer in parts, or one as a whole.
  virtual bool comes_in_parts(const Exchange &exchange) const = 0;
  virtual std::unique_ptr<PartReader> parts(const sluice_request *request) const = 0;

  const Port *output_named(std::string_view name, size_t *index = nullptr) const;

  std::vector<Port> inputs, outputs;
  std::string platform;

 protected:
  // What the file names stands above what the remote says.
  void name_ports();
  void add_trace(const sluice_request *request, std::vector<std::string> &headers) const;

  const Settings &settings_;
};

std::unique_ptr<Dialect> dialect_of(const Settings &settings);
std::unique_ptr<Dialect> open_inference_dialect(const Settings &settings);
std::unique_ptr<Dialect> grpc_dialect(const Settings &settings);
std::unique_ptr<Dialect> openai_dialect(const Settings &settings);

std::unique_ptr<PartReader> generate_reader(const Dialect &dialect, const sluice_request *request);

// Which outputs of an answer are there already: each comes once, and those that were asked for come.
class Arrivals {
 public:
  Arrivals(const sluice_request *request, const std::vector<Port> &outputs)
      : request_(request), outputs_(outputs), there_(outputs.size()) {}

  // Whether the output is wanted; throws for one that comes twice.
  bool comes(size_t index);
  // Throws for one that is missing.
  void check_all() const;

 private:
  const sluice_request *const request_;
  const std::vector<Port> &outputs_;
  std::vector<bool> there_;
};

sluice_status send(sluice::Answer &answer, uint32_t flags, const Facts &facts);

// Whether what comes is server-sent events.
bool is_event_stream(const Exchange &exchange);

// Text of a server for people: one line, bounded, UTF-8.
std::string readable(std::string_view text);
// A name as a part of a path.
std::string escaped(const std::string &name);

// What a status of HTTP means for the caller; `said` is what the server said of it.
Failure failure_of(long status, const std::string &said);

}  // namespace remote

#endif
