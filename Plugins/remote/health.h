// health.h - asks a replica now and then whether it can answer.
#ifndef SLUICE_REMOTE_HEALTH_H
#define SLUICE_REMOTE_HEALTH_H
#include <algorithm>

#include "remote.h"

namespace remote {

// All on the loop's thread.
class HealthCheck : public Listener {
 public:
  HealthCheck(Remote &remote, size_t replica) : remote_(remote), replica_(replica) {
    if (remote.settings.health_path.empty()) {
      remote.dialect->write_health(question_);
    } else {
      question_.path = remote.settings.health_path;
    }
  }

  // Asks, if it is time; when to come again.
  uint64_t due(uint64_t now) {
    if (now < next_) return next_;
    next_ = now + remote_.settings.health_every;
    if (is_asking_) return next_;
    is_asking_ = true;
    const uint64_t patience = std::min(remote_.settings.timeout, std::max<uint64_t>(remote_.settings.health_every, 1'000'000'000));
    remote_.address(exchange_, question_, replica_, now + patience);
    exchange_.max_bytes = 1 << 20;
    exchange_.listener = this;
    remote_.loop.submit(exchange_);
    return next_;
  }

  void ended(Exchange &exchange) noexcept override {
    is_asking_ = false;
    if (exchange.end == Exchange::End::cancelled) return;
    try {
      const bool is_ready = exchange.end == Exchange::End::answered && remote_.dialect->is_healthy(exchange);
      remote_.replicas.probed(replica_, is_ready, is_ready ? "" : "its health check fails: " + remote_.why(exchange));
    } catch (const std::exception &) {  // no memory for words
    }
  }

 private:
  Remote &remote_;
  const size_t replica_;
  Question question_;
  Exchange exchange_;
  uint64_t next_ = 0;
  bool is_asking_ = false;
};

}  // namespace remote

#endif
