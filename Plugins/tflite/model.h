// model.h - one loaded .tflite file, and the interpreters that run it.
#ifndef SLUICE_TFLITE_MODEL_H
#define SLUICE_TFLITE_MODEL_H
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "api.h"
#include "file.h"
#include "ports.h"
#include "settings.h"

namespace tflite {

// An input or output, and where the interpreter has it.
struct TensorPort {
  int32_t index = 0;
  sluice_dtype stored = {};           // the file's own type; the port's is FP32 where it is dequantised
  Quantization quantization = {0, 0};
  bool dequantized = false;
};

// One interpreter: used by one request at a time.
class Runner {
 public:
  // Throws a sluice::Failure.
  Runner(const Api &api, const Model *model, int32_t threads);
  ~Runner();
  Runner(const Runner &) = delete;

  // Has the inputs take these shapes, in their order; false, and `problem` says why, where the model can't.
  bool shape(const std::vector<std::vector<int>> &shapes);
  bool invoke();

  const Api &api;
  Interpreter *interpreter = nullptr;
  std::string problem;  // what TensorFlow Lite said last

 private:
  static void report(void *runner, const char *format, va_list arguments);
  std::vector<std::vector<int>> shapes_;  // what memory is there for
};

}  // namespace tflite

// The ABI's opaque type is ours to define.
struct sluice_model {
  const tflite::Api *api = nullptr;
  tflite::Model *model = nullptr;
  int32_t threads = 1;
  bool runs_each = false;  // the file takes one row, and is run for each
  std::vector<sluice::Port> inputs, outputs;
  std::vector<tflite::TensorPort> input_tensors, output_tensors;
  std::vector<std::pair<std::string, std::string>> metadata;
  std::vector<sluice_kv> metadata_views;
  std::vector<sluice_tensor_spec> input_specs, output_specs;
  sluice_model_info info = {};

  std::mutex lock;
  std::vector<std::unique_ptr<tflite::Runner>> idle;  // guarded by lock

  sluice_model() = default;
  ~sluice_model();
  sluice_model(const sluice_model &) = delete;
};

namespace tflite {

// Reads the configuration, opens the file and describes it. Throws a sluice::Failure.
void load_model(const sluice_load_args *args, sluice_model &model);

// Runs one request and answers it. What it throws means that nothing was answered.
void run_model(sluice_model &model, const sluice_request *request);

}  // namespace tflite

#endif
