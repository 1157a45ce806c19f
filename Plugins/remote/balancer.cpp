#include "balancer.h"

#include <algorithm>

namespace remote {

Balancer::Choice Balancer::take(size_t index, bool is_trial) {
  replicas_[index].in_flight++;
  if (is_trial) replicas_[index].is_tried = true;
  next_ = (index + 1) % replicas_.size();
  return {Result::chosen, index, is_trial};
}

Balancer::Choice Balancer::choose(uint64_t now, bool may_try, size_t avoided) {
  size_t best = nobody, due = nobody;
  bool is_any = false;
  for (size_t step = 0; step < replicas_.size(); step++) {
    const size_t index = (next_ + step) % replicas_.size();
    const Replica &replica = replicas_[index];
    if (index == avoided) continue;
    if (is_due(replica, now)) due = due == nobody ? index : due;
    if (!works(replica)) continue;
    is_any = true;
    if (avoided == nobody && replica.in_flight >= limits_.calls) continue;
    if (best == nobody || replica.in_flight < replicas_[best].in_flight) best = index;
  }
  if (due != nobody && (may_try || !is_any)) return take(due, true);
  if (best != nobody) return take(best, false);
  return {is_any ? Result::full : Result::none, nobody, false};
}

Balancer::Choice Balancer::choose(uint64_t now, uint64_t hash) {
  const size_t index = hash % replicas_.size();
  const Replica &replica = replicas_[index];
  if (is_due(replica, now)) return take(index, true);
  if (!works(replica)) return {Result::none, nobody, false};
  if (replica.in_flight >= limits_.calls) return {Result::full, nobody, false};
  return take(index, false);
}

void Balancer::leave_alone(Replica &replica, uint64_t now) {
  replica.pause = replica.pause == 0 ? limits_.first : std::min(replica.pause * 2, limits_.longest);
  replica.until = now + replica.pause;
  replica.failures = 0;
}

Balancer::Change Balancer::finished(const Choice &choice, Verdict verdict, uint64_t now) {
  Replica &replica = replicas_[choice.replica];
  replica.in_flight--;
  if (choice.is_trial) replica.is_tried = false;
  if (verdict == Verdict::neutral) return Change::none;
  if (verdict == Verdict::good) {
    replica.failures = 0;
    if (!choice.is_trial) return Change::none;
    replica.until = replica.pause = 0;
    return Change::in;
  }
  if (choice.is_trial) {
    leave_alone(replica, now);
    return Change::none;
  }
  // Calls that were under way when it was taken out say nothing new.
  if (replica.until != 0 || ++replica.failures < limits_.failures) return Change::none;
  leave_alone(replica, now);
  return Change::out;
}

Balancer::Change Balancer::probed(size_t index, bool is_ready, uint64_t now) {
  Replica &replica = replicas_[index];
  if (is_ready) {
    const bool was_out = !works(replica);
    replica.failed_probes = 0;
    replica.is_unready = false;
    // Not if it was taken out just now: it may be ready, and yet fail at every call.
    if (replica.until != 0 && replica.until - replica.pause + limits_.first <= now) replica.until = replica.pause = 0;
    return was_out && works(replica) ? Change::in : Change::none;
  }
  if (++replica.failed_probes < std::min<uint32_t>(limits_.failures, 2)) return Change::none;
  const bool was_in = works(replica);
  replica.is_unready = true;
  return was_in ? Change::out : Change::none;
}

size_t Balancer::available(uint64_t now) const {
  return static_cast<size_t>(std::count_if(replicas_.begin(), replicas_.end(), [now](const Replica &replica) {
    return works(replica) || is_due(replica, now);
  }));
}

}  // namespace remote
