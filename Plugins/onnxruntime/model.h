// model.h - one loaded .onnx file: its session, and what it says about itself.
#ifndef SLUICE_ONNXRUNTIME_MODEL_H
#define SLUICE_ONNXRUNTIME_MODEL_H
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "labels.h"
#include "runtime.h"
#include "state.h"
#include "types.h"
#include "watcher.h"

namespace sluice_ort {

// An input or output as the file declares it.
struct Port {
  std::string name;
  const ElementType *type = nullptr;
  std::vector<int64_t> shape;         // -1 = any size; the batch dimension is included
  std::vector<std::string> symbols;   // the file's names for its free dimensions, "" where it has none
  std::string summary;                // "[batch, 4]", or "" when no dimension has a name
};

// An input that a request gets from the output of the one before it in its sequence.
struct StatePort {
  Port input, output;
};

}  // namespace sluice_ort

// The ABI's opaque type is ours to define.
struct sluice_model {
  const sluice_ort::Runtime *runtime = nullptr;
  OrtSession *session = nullptr;
  std::vector<sluice_ort::Port> inputs;
  std::vector<sluice_ort::Port> outputs;  // only those that config.outputs asks for
  std::vector<sluice_ort::StatePort> state;      // not among the two above
  std::unique_ptr<sluice_ort::States> states;    // null without config.state
  sluice_ort::Labels labels;                     // without texts where the file asks for none
  bool binds_outputs = false;                    // ONNX Runtime writes into the host's memory
  std::unique_ptr<sluice_ort::Watcher> watcher;  // null with `stop_runs: false`

  std::vector<sluice_tensor_spec> input_specs;
  std::vector<sluice_tensor_spec> output_specs;
  std::vector<std::pair<std::string, std::string>> metadata;
  std::vector<sluice_kv> metadata_views;
  sluice_model_info info = {};

  sluice_model() = default;
  ~sluice_model();
  sluice_model(const sluice_model &) = delete;
  sluice_model &operator=(const sluice_model &) = delete;
};

namespace sluice_ort {

// Reads the configuration, opens the file and describes it. May throw std::bad_alloc.
sluice_status load_model(const sluice_host *host, const sluice_load_args *args, sluice_model &model,
                         sluice_error *error);

// Takes what config.state names out of the model's inputs and outputs. May throw std::bad_alloc.
sluice_status read_state(const sluice_load_args *args, sluice_model &model, sluice_error *error);

// Zeros, in the shapes that the file declares; a free dimension is 1.
OrtStatus *first_state(const sluice_model &model, State &state);

// Runs one request and answers it. An error returned here means that nothing was answered. May throw std::bad_alloc,
// then too.
sluice_status run_model(sluice_model &model, const sluice_request *request, sluice_error *error);

}  // namespace sluice_ort

#endif
