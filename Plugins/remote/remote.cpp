#include "remote.h"

#include <algorithm>

#include "call.h"
#include "health.h"

namespace remote {
namespace {

constexpr uint64_t second = 1'000'000'000;
constexpr size_t most_resting = 1024, largest_description = 4 << 20;

// Waits for the end of an exchange.
class Waiter : public Listener {
 public:
  void ended(Exchange &) noexcept override {
    const std::lock_guard<std::mutex> guard(lock_);
    has_ended_ = true;
    wake_.notify_one();
  }
  void wait() {
    std::unique_lock<std::mutex> guard(lock_);
    wake_.wait(guard, [&] { return has_ended_; });
  }

 private:
  std::mutex lock_;
  std::condition_variable wake_;
  bool has_ended_ = false;
};

}  // namespace

Remote::Remote(const sluice_host *host, const sluice_load_args *args)
    : settings(settings_of(args)), dialect(dialect_of(settings)), replicas(host, settings), loop(settings) {
  describe();
  const bool is_open = std::any_of(settings.servers.begin(), settings.servers.end(), [](const Server &server) {
    const bool is_here = server.name.compare(0, 4, "127.") == 0 || server.name.compare(0, 9, "localhost") == 0 ||
                         server.name.compare(0, 5, "[::1]") == 0;
    return !server.is_secure && !is_here;
  });
  if (is_open && !settings.key_line.empty() && host->log_level <= SLUICE_LOG_WARN) {
    host->log(host, SLUICE_LOG_WARN, "config.key crosses the network without TLS: anybody on the way can read it");
  }
  if (!settings.checks_health) return;
  for (size_t i = 0; i < settings.servers.size(); i++) checks_.push_back(std::make_unique<HealthCheck>(*this, i));
  loop.keep_time([this](uint64_t now) {
    uint64_t next = UINT64_MAX;
    for (const auto &check : checks_) next = std::min(next, check->due(now));
    return next;
  });
}

// The loop ends first: it is the last of those that use what is here.
Remote::~Remote() { loop.stop(); }

// Asks one replica after the other, until one tells.
void Remote::describe() {
  if (!dialect->wants_description()) return;
  const std::vector<std::unique_ptr<Question>> questions = dialect->description();
  std::string problems;
  for (size_t replica = 0; replica < settings.servers.size(); replica++) {
    std::vector<std::unique_ptr<Exchange>> exchanges;
    bool is_answered = true;
    for (const auto &question : questions) {
      Waiter waiter;
      exchanges.push_back(std::make_unique<Exchange>());
      Exchange &exchange = *exchanges.back();
      address(exchange, *question, replica, now_ns() + std::min(settings.timeout, 10 * second));
      exchange.max_bytes = largest_description;
      exchange.listener = &waiter;
      loop.submit(exchange);
      waiter.wait();
      // A server that can't answer now may be followed by one that can.
      is_answered = exchange.end == Exchange::End::answered && !dialect->is_unavailable(exchange);
      if (is_answered) continue;
      problems += (problems.empty() ? "" : "; ") + settings.servers[replica].name + ": " + why(exchange);
      break;
    }
    if (!is_answered) continue;
    std::vector<const Exchange *> answers;
    for (const auto &exchange : exchanges) answers.push_back(exchange.get());
    return dialect->describe(answers);
  }
  throw Failure(SLUICE_UNAVAILABLE, "config.servers: none says what the model takes (" + problems.substr(0, 300) +
                                        "); name config.inputs and config.outputs to load without asking");
}

void Remote::ask(const sluice_request *request) {
  std::unique_ptr<Call> call;
  {
    const std::lock_guard<std::mutex> guard(lock_);
    if (!resting_.empty()) {
      call = std::move(resting_.back());
      resting_.pop_back();
    }
  }
  if (call == nullptr) call = std::make_unique<Call>(*this);
  call->begin(request);
  call.release();  // it gives itself back
}

void Remote::ask_for_parts(const sluice_request *request) { Stream(*this, request).run(); }

void Remote::give_back(std::unique_ptr<Call> call) {
  const std::lock_guard<std::mutex> guard(lock_);
  if (resting_.size() < most_resting) resting_.push_back(std::move(call));
}

void Remote::address(Exchange &exchange, const Question &question, size_t replica, uint64_t deadline_ns) const {
  exchange.server = &settings.servers[replica];
  exchange.url.assign(exchange.server->url);
  exchange.url += question.path;
  exchange.headers = question.headers;
  exchange.headers.push_back("Expect:");
  if (!settings.key_line.empty()) exchange.headers.push_back(settings.key_line);
  exchange.body = question.body.size() > 0 ? &question.body : nullptr;
  exchange.is_http2 = dialect->is_http2();
  exchange.max_bytes = settings.max_answer;
  exchange.deadline_ns = deadline_ns;
  exchange.may_resend = settings.retries;
  exchange.was_resent = false;
}

uint64_t Remote::deadline_of(const sluice_request *request) const {
  const uint64_t bound = now_ns() + settings.timeout;
  return request->deadline_ns == 0 ? bound : std::min(bound, request->deadline_ns);
}

Balancer::Verdict Remote::verdict(const Exchange &exchange) const {
  switch (exchange.end) {
    case Exchange::End::cancelled: return Balancer::Verdict::neutral;
    // Whoever gives a call little time must not take a server from all others.
    case Exchange::End::timed_out:
      return exchange.request != nullptr && exchange.deadline_ns == exchange.request->deadline_ns
                 ? Balancer::Verdict::neutral
                 : Balancer::Verdict::failed;
    // Nor does a server that says when it will have time again.
    case Exchange::End::answered:
      return dialect->is_unavailable(exchange) && !exchange.is_busy ? Balancer::Verdict::failed : Balancer::Verdict::good;
    default: return Balancer::Verdict::failed;
  }
}

bool Remote::may_ask_another(const Exchange &exchange, const sluice_request *request) const {
  if (settings.servers.size() < 2) return false;
  if (settings.keeps_sequences && request->sequence_id != nullptr) return false;
  if (request->host->is_cancelled(request) != 0) return false;
  if (request->deadline_ns != 0 && now_ns() >= request->deadline_ns) return false;
  switch (exchange.end) {
    case Exchange::End::unreachable: return true;
    case Exchange::End::broken: return settings.retries;
    case Exchange::End::answered: return settings.retries && dialect->is_unavailable(exchange);
    default: return false;
  }
}

void Remote::check(const Exchange &exchange) const {
  switch (exchange.end) {
    case Exchange::End::answered: return dialect->check(exchange);
    case Exchange::End::cancelled: throw Failure(SLUICE_CANCELLED, "nobody waits for the answer any more");
    case Exchange::End::timed_out: {
      const bool is_callers = exchange.request != nullptr && exchange.deadline_ns == exchange.request->deadline_ns;
      if (is_callers) throw Failure(SLUICE_DEADLINE_EXCEEDED, "the remote did not answer before the deadline");
      throw Failure(SLUICE_UNAVAILABLE, "the remote did not answer in time");
    }
    case Exchange::End::lying: throw Failure(SLUICE_DATA_LOSS, "the remote is not to be understood: " + exchange.problem);
    default: throw Failure(SLUICE_UNAVAILABLE, "the remote can't be reached: " + exchange.problem);
  }
}

std::string Remote::why(const Exchange &exchange) const {
  switch (exchange.end) {
    case Exchange::End::answered:
      return "status " + std::to_string(exchange.status) +
             (exchange.grpc_status.empty() ? "" : ", of gRPC " + readable(exchange.grpc_status));
    case Exchange::End::timed_out: return "no answer in time";
    case Exchange::End::cancelled: return "cancelled";
    default: return exchange.problem;
  }
}

}  // namespace remote
