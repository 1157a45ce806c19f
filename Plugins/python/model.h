// model.h - one loaded model: Python's object, what it declares in C's form, and the calls into it.
#ifndef SLUICE_PYTHON_MODEL_H
#define SLUICE_PYTHON_MODEL_H
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "api.h"
#include "sluice_plugin.h"

namespace python {

// An output's memory, which is Python's; the host may keep it long after the answer.
struct HeldOutput {
  Buffer data = {}, offsets = {};
  std::string name;
  std::vector<int64_t> shape;
  class Reaper *reaper = nullptr;

  void release(); // under Python's lock
};

// Gives outputs back to Python on a thread of its own: the host releases them on event loops, which must not wait for
// Python's lock.
class Reaper {
 public:
  ~Reaper();
  void take(std::unique_ptr<HeldOutput> output);

 private:
  void run();
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<HeldOutput>> outputs_;
  bool ends_ = false;
  std::thread thread_;
};

// What describe() hands out, with the memory that it points into.
struct Description {
  struct Tensor {
    std::string name;
    std::vector<int64_t> shape;
  };
  std::deque<Tensor> tensors;
  std::deque<std::string> texts;
  std::vector<sluice_tensor_spec> inputs, outputs;
  std::vector<sluice_kv> metadata;
  sluice_model_info info = {};

  explicit Description(Object *declared); // the runtime's dict
 private:
  void read(Object *list, std::vector<sluice_tensor_spec> *specs);
};

}  // namespace python

struct sluice_model {
  const sluice_host *host;
  python::Ref object, run;
  std::unique_ptr<python::Description> description;
  python::Reaper reaper;
};

namespace python {

// The runtime's module, made at the first load; under Python's lock. Throws Raised.
Object *runtime();
// The runtime's `_log` bound to a host.
Ref log_function(const sluice_host *host);

// One infer() or learn() of one request. The answer goes out by respond(), or comes back as a status.
sluice_status serve(sluice_model *model, bool is_learn, const sluice_request *request, sluice_error *error);

}  // namespace python
#endif
