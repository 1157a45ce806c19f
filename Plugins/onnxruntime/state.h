// state.h - what a model carries from one request of a sequence to the next: what a run gives, the next one takes.
#ifndef SLUICE_ONNXRUNTIME_STATE_H
#define SLUICE_ONNXRUNTIME_STATE_H
#include <list>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "runtime.h"

namespace sluice_ort {

// The values of one sequence, in the order of config.state; released with it.
class State {
 public:
  explicit State(const OrtApi &api) : api_(&api) {}
  ~State() { clear(); }
  State(State &&other) noexcept : values(std::move(other.values)), api_(other.api_) { other.values.clear(); }
  State &operator=(State &&other) noexcept {
    std::swap(values, other.values);
    return *this;
  }

  std::vector<OrtValue *> values;

 private:
  void clear() {
    for (OrtValue *value : values) {
      if (value != nullptr) api_->ReleaseValue(value);
    }
  }
  const OrtApi *api_;
};

// The states of all sequences under way. Where there are more than `most`, the one that rested longest goes: its
// sequence was left without an end.
class States {
 public:
  explicit States(size_t most) : most_(most) {}

  // Takes a sequence's state out, so that whoever has it has it alone; false where there is none.
  bool take(const std::string &sequence, State &state) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = places_.find(sequence);
    if (found == places_.end()) return false;
    state = std::move(found->second->second);
    resting_.erase(found->second);
    places_.erase(found);
    return true;
  }

  void put(const std::string &sequence, State state) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = places_.find(sequence);
    if (found != places_.end()) {
      resting_.erase(found->second);
      places_.erase(found);
    }
    resting_.emplace_front(sequence, std::move(state));
    places_[sequence] = resting_.begin();
    if (resting_.size() <= most_) return;
    places_.erase(resting_.back().first);
    resting_.pop_back();
  }

 private:
  using Resting = std::list<std::pair<std::string, State>>;
  const size_t most_;
  std::mutex mutex_;
  Resting resting_;  // used last first
  std::unordered_map<std::string, Resting::iterator> places_;
};

}  // namespace sluice_ort

#endif
