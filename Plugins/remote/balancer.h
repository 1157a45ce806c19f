// balancer.h - which replica gets the next call: of those that work, the one with the fewest under way.
//
// A plain state machine over the moments that it is told; whoever has it guards it. A replica that fails several times in
// a row is left alone for a while, twice as long each time; then one call tries it.
#ifndef SLUICE_REMOTE_BALANCER_H
#define SLUICE_REMOTE_BALANCER_H
#include <cstddef>
#include <cstdint>
#include <vector>

namespace remote {

class Balancer {
 public:
  struct Limits {
    uint32_t failures;        // in a row, until a replica is left alone
    uint64_t first, longest;  // for how long, in nanoseconds
    size_t calls;             // under way at one replica
  };

  enum class Result { chosen, full, none };
  struct Choice {
    Result result;
    size_t replica;
    bool is_trial;
  };

  enum class Verdict {
    good,    // it answered, whatever it said
    failed,  // it could not be reached, or did not answer as a server that works does
    neutral  // nothing can be told, as the caller left
  };

  static constexpr size_t nobody = SIZE_MAX;

  Balancer(size_t replicas, const Limits &limits) : limits_(limits), replicas_(replicas) {}

  // `may_try` is whether a call may go to one that was left alone, as it can be made again elsewhere. `avoided` isn't
  // chosen. A second try may go beyond the limit of calls: it has had its place already.
  Choice choose(uint64_t now, bool may_try, size_t avoided = nobody);

  // The replica of a sequence, which can't be another.
  Choice choose(uint64_t now, uint64_t hash);

  // Whether the replica has just been taken out, or let in again.
  enum class Change { none, out, in };
  Change finished(const Choice &choice, Verdict verdict, uint64_t now);

  // What a health check found.
  Change probed(size_t replica, bool is_ready, uint64_t now);

  size_t available(uint64_t now) const;
  size_t in_flight(size_t replica) const { return replicas_[replica].in_flight; }

 private:
  struct Replica {
    size_t in_flight = 0;
    uint32_t failures = 0, failed_probes = 0;
    uint64_t until = 0;  // 0 while it works
    uint64_t pause = 0;
    bool is_tried = false;
    bool is_unready = false;  // its health checks say so
  };

  static bool works(const Replica &replica) { return replica.until == 0 && !replica.is_unready; }
  static bool is_due(const Replica &replica, uint64_t now) {
    return replica.until != 0 && replica.until <= now && !replica.is_tried && !replica.is_unready;
  }
  Choice take(size_t index, bool is_trial);
  void leave_alone(Replica &replica, uint64_t now);

  const Limits limits_;
  std::vector<Replica> replicas_;
  size_t next_ = 0;  // where the search begins, so that equals take turns
};

}  // namespace remote

#endif
