// watcher.h - stops runs whose caller has gone or whose deadline has passed.
#ifndef SLUICE_ONNXRUNTIME_WATCHER_H
#define SLUICE_ONNXRUNTIME_WATCHER_H
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "runtime.h"

namespace sluice_ort {

// One thread a model that looks at the runs in flight every 5 ms. It sleeps while there are none; a busy model wakes
// it no more often than that, so a request costs two short locks and no wake-up.
class Watcher {
 public:
  explicit Watcher(const Runtime &runtime);
  ~Watcher();
  Watcher(const Watcher &) = delete;
  Watcher &operator=(const Watcher &) = delete;

  // Throws std::bad_alloc; the run is then not watched.
  void watch(const sluice_request *request, OrtRunOptions *run);
  // After this the run is not touched any more. Returns why it was stopped, or SLUICE_OK.
  sluice_status forget(const sluice_request *request);

 private:
  struct Flight {
    const sluice_request *request;
    OrtRunOptions *run;
    sluice_status stopped;
  };

  void look();
  void run();

  const Runtime &runtime_;
  std::mutex lock_;
  std::condition_variable wake_;
  std::vector<Flight> flights_;  // guarded by lock_, as the two below
  bool asleep_ = false;
  bool ending_ = false;
  std::thread thread_;  // last: it starts when all else is ready
};

}  // namespace sluice_ort

#endif
