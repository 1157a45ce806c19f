#include <algorithm>
#include <map>
#include <thread>

#include "model.h"

sluice_model::~sluice_model() {
  idle.clear();
  if (model != nullptr) api->close(model);
}

namespace tflite {
namespace {

using sluice::Failure;
using sluice::Port;

// Names of the only signature: those that the model was exported with. Tensors' own names are a converter's.
struct Names {
  std::map<const Tensor *, std::string> of;

  Names(const Api &api, Interpreter *interpreter) {
    if (api.signature_count(interpreter) != 1) return;
    Signature *signature = api.signature(interpreter, api.signature_key(interpreter, 0));
    if (signature == nullptr) return;
    for (size_t i = 0; i < api.signature_input_count(signature); i++) {
      const char *name = api.signature_input_name(signature, static_cast<int32_t>(i));
      if (name != nullptr) of[api.signature_input(signature, name)] = name;
    }
    for (size_t i = 0; i < api.signature_output_count(signature); i++) {
      const char *name = api.signature_output_name(signature, static_cast<int32_t>(i));
      if (name != nullptr) of[api.signature_output(signature, name)] = name;
    }
    api.close_signature(signature);
  }
};

void describe(const Api &api, const Tensor *tensor, const Names &names, bool dequantize, Port &port,
              TensorPort &place) {
  const auto named = names.of.find(tensor);
  const char *own = api.name(tensor);
  port.name = named != names.of.end() ? named->second : own == nullptr ? "" : own;
  if (port.name.empty()) throw Failure(SLUICE_UNIMPLEMENTED, "the model has an input or output without a name");
  if (!dtype_of(api.type(tensor), place.stored)) {
    throw Failure(SLUICE_UNIMPLEMENTED, "\"" + port.name + "\" has TensorFlow Lite's type " +
                                            std::to_string(api.type(tensor)) + ", which this plugin doesn't take");
  }
  place.quantization = api.quantization(tensor);
  const bool is_small = place.stored.bits == 8 && place.stored.code != SLUICE_BOOL;
  const bool is_quantized = place.quantization.scale > 0 && (is_small || place.stored.bits == 16);
  place.dequantized = dequantize && is_quantized;
  port.dtype = place.dequantized ? sluice_dtype{SLUICE_FLOAT, 32, 1} : place.stored;
  if (is_quantized) {
    char text[96];
    std::snprintf(text, sizeof text, "(number - %d) * %.9g", static_cast<int>(place.quantization.zero_point),
                  static_cast<double>(place.quantization.scale));
    port.summary = place.dequantized ? "kept in 8 or 16 bits as " : "quantised: ";
    port.summary += text;
  }
  int32_t rank = -1;
  const bool declared = api.declared_rank(tensor, &rank) == ok && rank == api.rank(tensor);
  for (int32_t axis = 0; axis < api.rank(tensor); axis++) {
    int32_t size = api.size(tensor, axis);
    if (declared && api.declared_size(tensor, axis, &size) != ok) size = api.size(tensor, axis);
    port.shape.push_back(size < 0 ? -1 : size);
  }
}

enum Batch { BATCH_AUTO, BATCH_NONE, BATCH_CONCAT, BATCH_EACH };

bool leads(const std::vector<Port> &ports, int64_t first) {
  return std::all_of(ports.begin(), ports.end(),
                     [&](const Port &port) { return !port.shape.empty() && port.shape[0] == first; });
}

// Whether the model takes two rows, and answers as many: what it declares doesn't always say so.
bool takes_rows(const sluice_model &model, Runner &runner) {
  const Api &api = *model.api;
  std::vector<std::vector<int>> shapes;
  for (const Port &port : model.inputs) {
    std::vector<int> shape;
    for (const int64_t size : port.shape) shape.push_back(size < 0 ? 1 : static_cast<int>(size));
    if (shape.empty() || shape[0] != 1) return false;
    shape[0] = 2;
    shapes.push_back(shape);
  }
  if (!runner.shape(shapes)) return false;
  for (size_t i = 0; i < shapes.size(); i++) {
    const Tensor *tensor = api.input(runner.interpreter, static_cast<int32_t>(i));
    std::memset(api.data(tensor), 0, api.byte_size(tensor));
  }
  if (!runner.invoke()) return false;
  for (int32_t i = 0; i < api.output_count(runner.interpreter); i++) {
    const Tensor *tensor = api.output(runner.interpreter, i);
    if (api.rank(tensor) < 1 || api.size(tensor, 0) != 2) return false;
  }
  return true;
}

void free_first(sluice_model &model) {
  model.info.batching = SLUICE_BATCH_CONCAT;
  for (std::vector<Port> *ports : {&model.inputs, &model.outputs}) {
    for (Port &port : *ports) port.shape[0] = -1;
  }
}

void choose_batching(int batch, sluice_model &model) {
  if (batch == BATCH_EACH) {
    if (model.inputs.empty() || !leads(model.inputs, 1) || !leads(model.outputs, 1)) {
      throw Failure(SLUICE_INVALID_ARGUMENT, "config.batch: each: the first dimension of all inputs and outputs must be 1");
    }
    model.runs_each = true;
    return free_first(model);
  }
  const bool has_any = leads(model.inputs, -1);
  const bool may = has_any || (batch == BATCH_CONCAT && leads(model.inputs, 1));
  model.info.batching = SLUICE_BATCH_NONE;
  if (batch == BATCH_NONE || model.inputs.empty() || (batch == BATCH_AUTO && !may)) return;
  Runner trial(*model.api, model.model, model.threads);
  if (may && takes_rows(model, trial)) {
    free_first(model);
  } else if (batch == BATCH_CONCAT) {
    throw Failure(SLUICE_INVALID_ARGUMENT, "config.batch: concat: the model takes one row at a time: each runs it for one after the other");
  }
}

}  // namespace

void load_model(const sluice_load_args *args, sluice_model &model) {
  const sluice::Settings settings(args, {"file", "library", "batch", "max_batch_rows", "threads", "concurrency",
                                         "dequantize", "deterministic"});
  const sluice::ModelFile file = sluice::model_file(args, "the .tflite file of the model");
  const int batch = settings.choice("batch", {"auto", "none", "concat", "each"});
  const int64_t most_rows = settings.integer("max_batch_rows", 0, 0, INT32_MAX);
  const auto processors = static_cast<int64_t>(std::max(1u, std::thread::hardware_concurrency()));
  const int64_t concurrency = settings.integer("concurrency", processors, 1, 1024);
  model.threads = static_cast<int32_t>(settings.integer("threads", 1, 1, 1024));
  const bool dequantize = settings.flag("dequantize", false);
  const bool deterministic = settings.flag("deterministic", false);

  const Api &api = open_api(args);
  model.api = &api;
  std::string problem;
  const auto note = [](void *context, const char *format, va_list arguments) {
    char text[300];
    std::vsnprintf(text, sizeof text, format, arguments);
    *static_cast<std::string *>(context) = text;
  };
  model.model = api.open(file.path.c_str(), note, &problem);
  if (model.model == nullptr) {
    throw Failure(SLUICE_INVALID_ARGUMENT, "config.file: " + file.path.substr(0, 160) + ": " +
                                               (problem.empty() ? "this is no TensorFlow Lite model" : problem));
  }
  auto runner = std::make_unique<Runner>(api, model.model, model.threads);
  const Names names(api, runner->interpreter);
  for (int32_t i = 0; i < api.input_count(runner->interpreter); i++) {
    Port port;
    TensorPort place;
    place.index = i;
    describe(api, api.input(runner->interpreter, i), names, dequantize, port, place);
    model.inputs.push_back(std::move(port));
    model.input_tensors.push_back(place);
  }
  for (int32_t i = 0; i < api.output_count(runner->interpreter); i++) {
    Port port;
    TensorPort place;
    place.index = i;
    describe(api, api.output(runner->interpreter, i), names, dequantize, port, place);
    model.outputs.push_back(std::move(port));
    model.output_tensors.push_back(place);
  }
  choose_batching(batch, model);
  model.idle.push_back(std::move(runner));
  model.metadata.emplace_back("runtime", std::string("TensorFlow Lite ") + api.version());
  for (const auto &[key, value] : model.metadata) model.metadata_views.push_back({key.c_str(), value.c_str()});

  const bool batched = model.info.batching == SLUICE_BATCH_CONCAT;
  model.input_specs = sluice::specs_of(model.inputs, batched);
  model.output_specs = sluice::specs_of(model.outputs, batched);
  model.info.struct_size = sizeof model.info;
  model.info.inputs = model.input_specs.data();
  model.info.input_count = model.input_specs.size();
  model.info.outputs = model.output_specs.data();
  model.info.output_count = model.output_specs.size();
  model.info.max_batch_rows = static_cast<int32_t>(most_rows);
  model.info.max_concurrency = static_cast<int32_t>(concurrency);
  model.info.flags = deterministic ? uint32_t{SLUICE_MODEL_DETERMINISTIC} : 0;
  model.info.memory_bytes = file.size;
  model.info.platform = "tensorflow_lite";
  model.info.metadata = model.metadata_views.data();
  model.info.metadata_count = model.metadata_views.size();
}

}  // namespace tflite
