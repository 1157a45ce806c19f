// How Python's memory reaches the host and comes back.
#include "model.h"

namespace python {

void HeldOutput::release() {
  if (data.obj != nullptr) api.PyBuffer_Release(&data);
  if (offsets.obj != nullptr) api.PyBuffer_Release(&offsets);
}

void Reaper::take(std::unique_ptr<HeldOutput> output) {
  std::lock_guard<std::mutex> lock(mutex_);
  outputs_.push_back(std::move(output));
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  changed_.notify_one();
}

void Reaper::run() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ends_ || !outputs_.empty(); });
    if (outputs_.empty()) return;
    std::deque<std::unique_ptr<HeldOutput>> taken;
    taken.swap(outputs_);
    lock.unlock();
    {
      Locked python;
      for (const auto &output : taken) output->release();
    }
    lock.lock();
  }
}

// Must not hold Python's lock: the thread needs it for the last outputs.
Reaper::~Reaper() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    ends_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

}  // namespace python
