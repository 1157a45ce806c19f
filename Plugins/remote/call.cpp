#include "call.h"

#include <chrono>

namespace remote {
namespace {

constexpr size_t most_waiting = 1 << 20;  // bytes of a stream that nobody has read yet

}  // namespace

// ---- As a whole ----

void Call::begin(const sluice_request *request) {
  request_ = request;
  is_second_ = false;
  question_.clear();
  const uint64_t deadline = remote_.deadline_of(request);
  const uint64_t now = now_ns();
  remote_.dialect->write(request, deadline > now ? deadline - now : 0, question_);
  choice_ = remote_.replicas.place(request);
  try {
    remote_.address(exchange_, question_, choice_.replica, remote_.deadline_of(request));
  } catch (...) {
    remote_.replicas.finished(choice_, Balancer::Verdict::neutral, "");
    throw;
  }
  exchange_.request = request;
  exchange_.listener = this;
  remote_.loop.submit(exchange_);
}

void Call::ended(Exchange &exchange) noexcept {
  sluice_error error = {};
  const sluice_status status = sluice::guarded(&error, [&] {
    const Balancer::Verdict verdict = remote_.verdict(exchange);
    remote_.replicas.finished(choice_, verdict, verdict == Balancer::Verdict::failed ? remote_.why(exchange) : "");
    if (!is_second_ && remote_.may_ask_another(exchange, request_)) {
      const Balancer::Choice other = remote_.replicas.another(choice_);
      if (other.result == Balancer::Result::chosen) {
        is_second_ = true;
        choice_ = other;
        remote_.replicas.retried();
        remote_.address(exchange, question_, other.replica, remote_.deadline_of(request_));
        remote_.loop.submit(exchange);
        return SLUICE_OK;
      }
    }
    remote_.check(exchange);
    remote_.dialect->answer(request_, exchange);
    request_ = nullptr;
    return SLUICE_OK;
  });
  if (status == SLUICE_OK && request_ != nullptr) return;  // on its way again
  if (status != SLUICE_OK) sluice::send_error(request_, status, error.message);
  remote_.give_back(std::unique_ptr<Call>(this));
}

// ---- In parts ----

void Stream::run() {
  const uint64_t deadline = remote_.deadline_of(request_), now = now_ns();
  remote_.dialect->write(request_, deadline > now ? deadline - now : 0, question_);
  const Balancer::Choice choice = remote_.replicas.place(request_);
  if (exchange_with(choice, false)) return;
  const Balancer::Choice other = remote_.replicas.another(choice);
  if (other.result == Balancer::Result::chosen) {
    remote_.replicas.retried();
    exchange_with(other, true);
  } else {
    remote_.check(exchange_);
  }
}

// False where nothing was answered, and another replica may be asked.
bool Stream::exchange_with(const Balancer::Choice &choice, bool is_last) {
  try {
    remote_.address(exchange_, question_, choice.replica, remote_.deadline_of(request_));
  } catch (...) {
    remote_.replicas.finished(choice, Balancer::Verdict::neutral, "");
    throw;
  }
  exchange_.request = request_;
  exchange_.listener = this;
  exchange_.in_pieces = true;
  {
    const std::lock_guard<std::mutex> guard(lock_);
    has_begun_ = comes_in_parts_ = has_ended_ = is_held_ = false;
    waiting_.clear();
  }
  remote_.loop.submit(exchange_);
  const std::unique_ptr<PartReader> reader = remote_.dialect->parts(request_);
  sluice_error error = {};
  sluice_status status = SLUICE_OK;
  bool is_whole = false;
  if (wants_parts()) {
    status = sluice::guarded(&error, [&] {
      read(*reader);
      return SLUICE_OK;
    });
  } else {
    is_whole = true;
  }
  // Whatever has happened, the loop must have let go of the exchange.
  if (status != SLUICE_OK) {
    exchange_.is_abandoned = true;
    remote_.loop.nudge();
  }
  std::string bytes;
  while (next(bytes)) {
    if (is_whole && exchange_.data.size() + bytes.size() <= remote_.settings.max_answer) exchange_.data += bytes;
  }
  const bool is_lie = status == SLUICE_DATA_LOSS;
  const Balancer::Verdict verdict = is_lie                 ? Balancer::Verdict::failed
                                    : status != SLUICE_OK ? Balancer::Verdict::neutral
                                                          : remote_.verdict(exchange_);
  remote_.replicas.finished(choice, verdict, is_lie ? error.message : remote_.why(exchange_));
  if (status != SLUICE_OK) {
    if (reader->has_ended) return true;
    if (!reader->has_answered) throw Failure(status, error.message);
    sluice::send_error(request_, status, error.message);
    return true;
  }
  if (reader->has_ended) return true;
  if (!is_last && !reader->has_answered && remote_.may_ask_another(exchange_, request_)) return false;
  status = sluice::guarded(&error, [&] {
    remote_.check(exchange_);
    if (is_whole) {
      remote_.dialect->answer(request_, exchange_);
    } else {
      reader->finish();
    }
    return SLUICE_OK;
  });
  if (status == SLUICE_OK) return true;
  if (!reader->has_answered) throw Failure(status, error.message);
  sluice::send_error(request_, status, error.message);
  return true;
}

// Hands what comes to the reader, until it ends or nobody wants more.
void Stream::read(PartReader &reader) {
  std::string bytes;
  while (next(bytes)) {
    if (reader.take(bytes)) continue;
    throw Failure(SLUICE_CANCELLED, "nobody waits for the answer any more");
  }
}

// Waits for the first bytes, or the end; whether they are parts.
bool Stream::wants_parts() {
  std::unique_lock<std::mutex> guard(lock_);
  wake_.wait(guard, [&] { return has_begun_ || has_ended_; });
  return comes_in_parts_;
}

// Waits for bytes; false when there are none left and none will come.
bool Stream::next(std::string &bytes) {
  bytes.clear();
  bool was_held;
  {
    std::unique_lock<std::mutex> guard(lock_);
    wake_.wait(guard, [&] { return has_ended_ || !waiting_.empty(); });
    bytes.swap(waiting_);
    was_held = is_held_;
    is_held_ = false;
    if (bytes.empty()) return false;
  }
  if (was_held) remote_.loop.nudge();
  return true;
}

// What the head of the answer says is looked at here: trailers may change it later.
void Stream::begin(Exchange &exchange) {
  if (!has_begun_) comes_in_parts_ = remote_.dialect->comes_in_parts(exchange);
  has_begun_ = true;
}

Listener::Flow Stream::received(Exchange &exchange, const char *data, size_t size) noexcept {
  const std::lock_guard<std::mutex> guard(lock_);
  begin(exchange);
  if (waiting_.size() > most_waiting) {
    is_held_ = true;
    return Flow::hold;
  }
  try {
    waiting_.append(data, size);
  } catch (const std::exception &) {
    is_held_ = true;
    return Flow::hold;
  }
  wake_.notify_one();
  return Flow::taken;
}

void Stream::ended(Exchange &exchange) noexcept {
  const std::lock_guard<std::mutex> guard(lock_);
  begin(exchange);
  has_ended_ = true;
  wake_.notify_one();
}

}  // namespace remote
