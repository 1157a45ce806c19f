#include "replicas.h"

#include <chrono>

#include "loop.h"

namespace remote {
namespace {

uint64_t hash_of(const char *text) {
  uint64_t hash = 14695981039346656037u;
  for (; *text != '\0'; text++) hash = (hash ^ static_cast<unsigned char>(*text)) * 1099511628211u;
  return hash ^ hash >> 32;
}

}  // namespace

Replicas::Replicas(const sluice_host *host, const Settings &settings)
    : host_(host),
      settings_(settings),
      retries_(host->metric(host, SLUICE_COUNTER, "remote_retries_total", "Calls that went to another server after the first")),
      ejections_(host->metric(host, SLUICE_COUNTER, "remote_ejections_total", "Times that a server was left alone after failures")),
      available_(host->metric(host, SLUICE_GAUGE, "remote_servers_available", "Servers that calls may go to")),
      balancer_(settings.servers.size(),
                {settings.eject_after, settings.eject_for, settings.eject_most, settings.connections}),
      why_(settings.servers.size()) {
  host->observe(host, available_, static_cast<double>(settings.servers.size()));
}

Balancer::Choice Replicas::place(const sluice_request *request) {
  std::unique_lock<std::mutex> guard(lock_);
  const bool is_sticky = settings_.keeps_sequences && request->sequence_id != nullptr;
  while (true) {
    const uint64_t now = now_ns();
    const Balancer::Choice choice = is_sticky ? balancer_.choose(now, hash_of(request->sequence_id))
                                              : balancer_.choose(now, settings_.retries);
    if (choice.result == Balancer::Result::chosen) return choice;
    if (choice.result == Balancer::Result::none) {
      std::string why;
      for (const std::string &one : why_) {
        if (!one.empty()) why = ": " + one;
      }
      throw Failure(SLUICE_UNAVAILABLE, "the remote can't be asked just now" + why);
    }
    if (request->host->is_cancelled(request) != 0) throw Failure(SLUICE_CANCELLED, "nobody waits for the answer any more");
    if (request->deadline_ns != 0 && now >= request->deadline_ns) {
      throw Failure(SLUICE_DEADLINE_EXCEEDED, "no connection to the remote was free before the deadline");
    }
    waiting_++;
    room_.wait_for(guard, std::chrono::milliseconds(10));
    waiting_--;
  }
}

Balancer::Choice Replicas::another(const Balancer::Choice &failed) {
  const std::lock_guard<std::mutex> guard(lock_);
  return balancer_.choose(now_ns(), false, failed.replica);
}

void Replicas::finished(const Balancer::Choice &choice, Balancer::Verdict verdict, const std::string &why) {
  Balancer::Change change;
  bool has_waiting;
  {
    const std::lock_guard<std::mutex> guard(lock_);
    change = balancer_.finished(choice, verdict, now_ns());
    has_waiting = waiting_ > 0;
    if (verdict == Balancer::Verdict::failed) why_[choice.replica] = why;
  }
  if (has_waiting) room_.notify_one();
  tell(choice.replica, change, why);
}

void Replicas::probed(size_t replica, bool is_ready, const std::string &why) {
  Balancer::Change change;
  {
    const std::lock_guard<std::mutex> guard(lock_);
    change = balancer_.probed(replica, is_ready, now_ns());
    if (change == Balancer::Change::out) why_[replica] = why;
  }
  tell(replica, change, why);
}

void Replicas::tell(size_t replica, Balancer::Change change, const std::string &why) {
  if (change == Balancer::Change::none) return;
  if (change == Balancer::Change::in) room_.notify_one();
  const std::string &name = settings_.servers[replica].name;
  const bool is_out = change == Balancer::Change::out;
  const std::string line = is_out ? name + " is left alone for now: " + why : name + " is asked again";
  const int32_t level = is_out ? SLUICE_LOG_WARN : SLUICE_LOG_INFO;
  if (level >= static_cast<int32_t>(host_->log_level)) host_->log(host_, level, line.c_str());
  if (is_out) host_->observe(host_, ejections_, 1);
  size_t available;
  {
    const std::lock_guard<std::mutex> guard(lock_);
    available = balancer_.available(now_ns());
  }
  host_->observe(host_, available_, static_cast<double>(available));
}

}  // namespace remote
