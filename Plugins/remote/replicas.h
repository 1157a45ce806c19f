// replicas.h - the balancer as threads share it, with what the log, the metrics and callers hear of it.
#ifndef SLUICE_REMOTE_REPLICAS_H
#define SLUICE_REMOTE_REPLICAS_H
#include <condition_variable>
#include <mutex>

#include "balancer.h"
#include "settings.h"

namespace remote {

class Replicas {
 public:
  Replicas(const sluice_host *host, const Settings &settings);

  // A place at a replica for a request: waits for one where all are full, so that the gateway's own queue fills up and its
  // priorities and shares hold. Throws a Failure where nobody is there, or nobody waits any more.
  Balancer::Choice place(const sluice_request *request);
  // A place for another try, anywhere else; `none` where there is none.
  Balancer::Choice another(const Balancer::Choice &failed);

  // `why` is for the log.
  void finished(const Balancer::Choice &choice, Balancer::Verdict verdict, const std::string &why);
  void probed(size_t replica, bool is_ready, const std::string &why);
  void retried() const { host_->observe(host_, retries_, 1); }

 private:
  void tell(size_t replica, Balancer::Change change, const std::string &why);

  const sluice_host *const host_;
  const Settings &settings_;
  const uint32_t retries_, ejections_, available_;
  std::mutex lock_;
  std::condition_variable room_;
  Balancer balancer_;            // guarded by lock_, as the two below
  std::vector<std::string> why_;  // what was last wrong with each, for callers
  size_t waiting_ = 0;
};

}  // namespace remote

#endif
