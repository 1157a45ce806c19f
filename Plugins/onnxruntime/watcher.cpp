#include "watcher.h"

#include <chrono>

namespace sluice_ort {

Watcher::Watcher(const Runtime &runtime) : runtime_(runtime), thread_([this] { run(); }) {}

Watcher::~Watcher() {
  {
    const std::lock_guard<std::mutex> guard(lock_);
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Watcher::watch(const sluice_request *request, OrtRunOptions *run) {
  bool wake;
  {
    const std::lock_guard<std::mutex> guard(lock_);
    flights_.push_back({request, run, SLUICE_OK});
    wake = asleep_;
    asleep_ = false;
  }
  if (wake) wake_.notify_one();
}

sluice_status Watcher::forget(const sluice_request *request) {
  const std::lock_guard<std::mutex> guard(lock_);
  for (Flight &flight : flights_) {
    if (flight.request != request) continue;
    const sluice_status stopped = flight.stopped;
    flight = flights_.back();
    flights_.pop_back();
    return stopped;
  }
  return SLUICE_OK;
}

void Watcher::look() {
  for (Flight &flight : flights_) {
    if (flight.stopped != SLUICE_OK) continue;
    const sluice_host *host = flight.request->host;
    if (host->is_cancelled(flight.request)) {
      flight.stopped = SLUICE_CANCELLED;
    } else if (flight.request->deadline_ns != 0 && host->now_ns(host) >= flight.request->deadline_ns) {
      flight.stopped = SLUICE_DEADLINE_EXCEEDED;
    }
    if (flight.stopped == SLUICE_OK) continue;
    if (OrtStatus *status = runtime_.api->RunOptionsSetTerminate(flight.run)) runtime_.api->ReleaseStatus(status);
  }
}

void Watcher::run() {
  std::unique_lock<std::mutex> guard(lock_);
  while (!ending_) {
    look();
    // Asleep only after a whole tick without a run: under steady load nobody pays for waking this thread.
    wake_.wait_for(guard, std::chrono::milliseconds(5), [this] { return ending_; });
    if (!flights_.empty() || ending_) continue;
    asleep_ = true;
    wake_.wait(guard, [this] { return ending_ || !asleep_; });
  }
}

}  // namespace sluice_ort
