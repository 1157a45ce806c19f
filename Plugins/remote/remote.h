// remote.h - a model that lives elsewhere: its settings, its replicas, its connections, and the calls under way.
#ifndef SLUICE_REMOTE_REMOTE_H
#define SLUICE_REMOTE_REMOTE_H
#include <memory>

#include "dialect.h"
#include "loop.h"
#include "replicas.h"

namespace remote {

class Call;
class HealthCheck;

class Remote {
 public:
  // Asks the remote what the model takes. Throws a Failure.
  Remote(const sluice_host *host, const sluice_load_args *args);
  ~Remote();
  Remote(const Remote &) = delete;

  // Sends a request; its answer comes when it comes. Throws a Failure where it can't be sent.
  void ask(const sluice_request *request);
  // Sends one whose answer may come in parts, and stays until all have gone out: a slow reader holds up nobody else.
  void ask_for_parts(const sluice_request *request);

  // Fills in an exchange with a replica.
  void address(Exchange &exchange, const Question &question, size_t replica, uint64_t deadline_ns) const;
  // How an exchange has ended: for its replica, and whether another may be asked instead.
  Balancer::Verdict verdict(const Exchange &exchange) const;
  bool may_ask_another(const Exchange &exchange, const sluice_request *request) const;
  // Throws what an exchange that is no answer means for the caller.
  void check(const Exchange &exchange) const;
  std::string why(const Exchange &exchange) const;
  uint64_t deadline_of(const sluice_request *request) const;
  void give_back(std::unique_ptr<Call> call);

  const Settings settings;
  const std::unique_ptr<Dialect> dialect;
  Replicas replicas;
  Loop loop;

 private:
  void describe();

  std::vector<std::unique_ptr<HealthCheck>> checks_;
  std::mutex lock_;
  std::vector<std::unique_ptr<Call>> resting_;  // guarded by lock_
};

}  // namespace remote

#endif
