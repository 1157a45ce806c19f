// call.h - one request on its way to a replica, and to another one where that fails.
#ifndef SLUICE_REMOTE_CALL_H
#define SLUICE_REMOTE_CALL_H
#include <condition_variable>

#include "remote.h"

namespace remote {

// A request whose answer comes as a whole, on the loop's thread. Nobody waits for it.
class Call : public Listener {
 public:
  explicit Call(Remote &remote) : remote_(remote) {}

  // Throws a Failure, and then nothing was sent.
  void begin(const sluice_request *request);
  void ended(Exchange &exchange) noexcept override;

 private:
  void conclude(Exchange &exchange);

  Remote &remote_;
  const sluice_request *request_ = nullptr;
  Question question_;
  Exchange exchange_;
  Balancer::Choice choice_ = {};
  bool is_second_ = false;
};

// A request whose answer comes in parts: they go out on the thread that calls run().
class Stream : public Listener {
 public:
  Stream(Remote &remote, const sluice_request *request) : remote_(remote), request_(request) {}

  // Throws a Failure where nothing has been answered; else answers all of it.
  void run();

  Flow received(Exchange &exchange, const char *data, size_t size) noexcept override;
  void ended(Exchange &exchange) noexcept override;

 private:
  bool exchange_with(const Balancer::Choice &choice, bool is_last);
  void begin(Exchange &exchange);
  void read(PartReader &reader);
  bool next(std::string &bytes);
  bool wants_parts();

  Remote &remote_;
  const sluice_request *const request_;
  Question question_;
  Exchange exchange_;

  std::mutex lock_;
  std::condition_variable wake_;
  std::string waiting_;  // guarded by lock_, as those below
  bool has_begun_ = false, comes_in_parts_ = false, has_ended_ = false, is_held_ = false;
};

}  // namespace remote

#endif
