// engine.cpp - TorchScript models, by PyTorch's C++ interface. The plugin opens this once PyTorch's library is there.
#include <ATen/Parallel.h>
#include <torch/script.h>
#include <torch/version.h>

#include <algorithm>
#include <memory>

#include "backend.h"
#include "file.h"
#include "ports.h"
#include "settings.h"

struct sluice_model {
  torch::jit::Module module;
  c10::Device device = c10::kCPU;
  std::vector<sluice::Port> inputs, outputs;
  std::vector<c10::IValue> arguments;  // of forward(), in its order; None where an input goes
  std::vector<size_t> places;          // by input: which argument it is
  std::vector<sluice_tensor_spec> input_specs, output_specs;
  std::string runtime;
  sluice_kv metadata[1];
  sluice_model_info info = {};
};

namespace {

using sluice::Failure;
using sluice::Port;

constexpr struct {
  c10::ScalarType torch;
  sluice_dtype dtype;
} types[] = {
    {c10::ScalarType::Float, {SLUICE_FLOAT, 32, 1}}, {c10::ScalarType::Double, {SLUICE_FLOAT, 64, 1}},
    {c10::ScalarType::Half, {SLUICE_FLOAT, 16, 1}},  {c10::ScalarType::BFloat16, {SLUICE_BFLOAT, 16, 1}},
    {c10::ScalarType::Byte, {SLUICE_UINT, 8, 1}},    {c10::ScalarType::Char, {SLUICE_INT, 8, 1}},
    {c10::ScalarType::Short, {SLUICE_INT, 16, 1}},   {c10::ScalarType::Int, {SLUICE_INT, 32, 1}},
    {c10::ScalarType::Long, {SLUICE_INT, 64, 1}},    {c10::ScalarType::Bool, {SLUICE_BOOL, 8, 1}},
};

bool torch_type_of(sluice_dtype dtype, c10::ScalarType &type) {
  for (const auto &known : types) {
    if (!sluice::same(known.dtype, dtype)) continue;
    type = known.torch;
    return true;
  }
  return false;
}

std::string first_line(const std::string &text) { return text.substr(0, std::min<size_t>(text.find('\n'), 300)); }

// What the configuration declares at `key`: TorchScript knows no sizes and types of its own.
std::vector<Port> ports_of(const sluice_load_args *args, const char *key) {
  std::vector<Port> ports;
  while (true) {
    const std::string at = key + ("." + std::to_string(ports.size()));
    const char *name = option_text(args, (at + ".name").c_str(), nullptr);
    if (name == nullptr) return ports;
    Port port;
    port.name = name;
    port.dtype = {SLUICE_FLOAT, 32, 1};
    sluice_error error = {};
    sluice::check(option_datatype(args, (at + ".datatype").c_str(), &port.dtype, &error), &error);
    c10::ScalarType type;
    if (!torch_type_of(port.dtype, type)) {
      throw Failure(SLUICE_INVALID_ARGUMENT, "config." + at + ".datatype: PyTorch's models take no such type here");
    }
    for (size_t axis = 0;; axis++) {
      const std::string place = at + ".shape." + std::to_string(axis);
      if (option_text(args, place.c_str(), nullptr) == nullptr) break;
      int64_t size = 0;
      sluice::check(option_integer(args, place.c_str(), -1, INT32_MAX, &size, &error), &error);
      port.shape.push_back(size);
    }
    ports.push_back(std::move(port));
  }
}

// Which of forward()'s arguments are inputs, and what the others are.
void read_arguments(const sluice_load_args *args, sluice_model &model) {
  const auto &schema = model.module.get_method("forward").function().getSchema();
  std::string declared;
  for (size_t i = 1; i < schema.arguments().size(); i++) {  // the first one is self
    const auto &argument = schema.arguments()[i];
    declared += (i == 1 ? "" : ", ") + argument.name() + ": " + argument.type()->str();
  }
  if (model.inputs.empty() || model.outputs.empty()) {
    throw Failure(SLUICE_INVALID_ARGUMENT,
                  std::string(model.inputs.empty() ? "config.inputs" : "config.outputs") +
                      " is missing: TorchScript doesn't keep it. The model's forward takes (" +
                      declared.substr(0, 200) + "): list them as { name: x, datatype: FP32, shape: [-1, 512] }");
  }
  std::vector<bool> is_taken(model.inputs.size(), false);
  model.places.resize(model.inputs.size());
  for (size_t i = 1; i < schema.arguments().size(); i++) {
    const auto &argument = schema.arguments()[i];
    model.arguments.emplace_back();
    size_t input = 0;
    while (input < model.inputs.size() && model.inputs[input].name != argument.name()) input++;
    if (input < model.inputs.size()) {
      model.places[input] = i - 1;
      is_taken[input] = true;
      continue;
    }
    const std::string key = "values." + argument.name();
    const char *text = option_text(args, key.c_str(), nullptr);
    char *end = nullptr;
    const auto kind = argument.type()->kind();
    if (text == nullptr && argument.default_value()) {
      model.arguments.back() = *argument.default_value();
      continue;
    }
    if (text != nullptr && kind == c10::TypeKind::IntType) model.arguments.back() = int64_t{std::strtoll(text, &end, 10)};
    if (text != nullptr && kind == c10::TypeKind::FloatType) model.arguments.back() = std::strtod(text, &end);
    if (text != nullptr && kind == c10::TypeKind::BoolType) model.arguments.back() = std::strcmp(text, "true") == 0;
    if (text != nullptr && kind == c10::TypeKind::StringType) model.arguments.back() = std::string(text);
    if (model.arguments.back().isNone() || (end != nullptr && (end == text || *end != '\0'))) {
      throw Failure(SLUICE_INVALID_ARGUMENT, "config." + key.substr(0, 80) + ": forward takes (" +
                                                 declared.substr(0, 200) + "), and this is neither one of "
                                                 "config.inputs nor a value of its type");
    }
  }
  for (size_t i = 0; i < is_taken.size(); i++) {
    if (is_taken[i]) continue;
    throw Failure(SLUICE_INVALID_ARGUMENT, "config.inputs: forward has no \"" + model.inputs[i].name.substr(0, 64) +
                                               "\"; it takes (" + declared.substr(0, 200) + ")");
  }
}

bool first_is_free(const Port &port) { return !port.shape.empty() && port.shape[0] < 0; }

void load(const sluice_host *, const sluice_load_args *args, sluice_model &model) {
  const sluice::Settings settings(args, {"file", "library", "inputs", "outputs", "values", "device", "batch",
                                         "max_batch_rows", "threads", "concurrency", "deterministic"});
  const sluice::ModelFile file = sluice::model_file(args, "the TorchScript file of the model");
  const bool batched = settings.choice("batch", {"none", "concat"}) == 1;
  const int64_t most_rows = settings.integer("max_batch_rows", 0, 0, INT32_MAX);
  const int64_t threads = settings.integer("threads", 1, 1, 1024);
  const int64_t concurrency = settings.integer("concurrency", 1, 1, 1024);
  const bool deterministic = settings.flag("deterministic", false);
  const std::string device = settings.text("device");
  model.inputs = ports_of(args, "inputs");
  model.outputs = ports_of(args, "outputs");
  if (!device.empty()) {
    try {
      model.device = c10::Device(device);
    } catch (const c10::Error &) {
      throw Failure(SLUICE_INVALID_ARGUMENT, "config.device: PyTorch knows no device \"" + device.substr(0, 64) + "\"");
    }
  }
  at::set_num_threads(static_cast<int>(threads));
  try {
    model.module = torch::jit::load(file.path, model.device);
    model.module.eval();
  } catch (const c10::Error &error) {
    throw Failure(SLUICE_INVALID_ARGUMENT,
                  "config.file: " + file.path.substr(0, 160) + ": " + first_line(error.what_without_backtrace()));
  }
  read_arguments(args, model);
  for (const std::vector<Port> *ports : {&model.inputs, &model.outputs}) {
    for (const Port &port : *ports) {
      if (!batched || first_is_free(port)) continue;
      throw Failure(SLUICE_INVALID_ARGUMENT, "config.batch: concat needs a free first dimension, which \"" +
                                                 port.name.substr(0, 64) + "\" does not have");
    }
  }
  model.input_specs = sluice::specs_of(model.inputs, batched);
  model.output_specs = sluice::specs_of(model.outputs, batched);
  model.runtime = "PyTorch " TORCH_VERSION;
  model.metadata[0] = {"runtime", model.runtime.c_str()};
  model.info.struct_size = sizeof model.info;
  model.info.inputs = model.input_specs.data();
  model.info.input_count = model.input_specs.size();
  model.info.outputs = model.output_specs.data();
  model.info.output_count = model.output_specs.size();
  model.info.batching = batched ? SLUICE_BATCH_CONCAT : SLUICE_BATCH_NONE;
  model.info.max_batch_rows = static_cast<int32_t>(most_rows);
  model.info.max_concurrency = static_cast<int32_t>(concurrency);
  model.info.flags = deterministic ? uint32_t{SLUICE_MODEL_DETERMINISTIC} : 0;
  model.info.memory_bytes = file.size;
  model.info.platform = "pytorch_torchscript";
  model.info.metadata = model.metadata;
  model.info.metadata_count = 1;
}

// A copy on the model's device: a model may write to what it gets, and requests are read by others, too.
at::Tensor tensor_of(const sluice_tensor &from, c10::Device device) {
  c10::ScalarType type = c10::ScalarType::Float;
  torch_type_of(from.dtype, type);
  at::Tensor tensor = at::empty(at::IntArrayRef(from.shape, static_cast<size_t>(from.ndim)), type);
  if (from.byte_size > 0) std::memcpy(tensor.data_ptr(), from.data, from.byte_size);
  return device.is_cpu() ? tensor : tensor.to(device);
}

// Tensors of an answer in the order of the declared outputs; a dictionary's by name.
std::vector<at::Tensor> tensors_of(const c10::IValue &answer, const std::vector<Port> &ports) {
  std::vector<at::Tensor> tensors;
  if (answer.isTensor()) {
    tensors.push_back(answer.toTensor());
  } else if (answer.isTensorList()) {
    tensors = answer.toTensorVector();
  } else if (answer.isTuple()) {
    for (const c10::IValue &item : answer.toTupleRef().elements()) {
      if (item.isTensor()) tensors.push_back(item.toTensor());
    }
  } else if (answer.isGenericDict()) {
    const auto named = answer.toGenericDict();
    for (const Port &port : ports) {
      const auto found = named.find(c10::IValue(port.name));
      if (found != named.end() && found->value().isTensor()) tensors.push_back(found->value().toTensor());
    }
  }
  if (tensors.size() < ports.size()) {
    throw Failure(SLUICE_INTERNAL, "the model answers " + std::to_string(tensors.size()) + " tensors, and config.outputs "
                                       "declares " + std::to_string(ports.size()));
  }
  return tensors;
}

void write_output(const Port &port, at::Tensor tensor, sluice::Answer &answer) {
  c10::ScalarType type = c10::ScalarType::Float;
  torch_type_of(port.dtype, type);
  if (tensor.scalar_type() != type) {
    throw Failure(SLUICE_INTERNAL, "output \"" + port.name.substr(0, 64) + "\" is " +
                                       c10::toString(tensor.scalar_type()) + ", and config.outputs says " +
                                       datatype_name(port.dtype));
  }
  tensor = tensor.to(c10::kCPU).contiguous();
  const sluice_tensor &to = answer.add(port.name.c_str(), port.dtype, tensor.sizes().vec());
  if (to.byte_size > 0) std::memcpy(to.data, tensor.data_ptr(), to.byte_size);
}

void run(sluice_model &model, const sluice_request *request) {
  if (sluice::asks_nothing(model.info, request)) return sluice::answer_nothing(model.outputs, request);
  const c10::InferenceMode guard;
  std::vector<c10::IValue> arguments = model.arguments;
  for (size_t i = 0; i < model.inputs.size(); i++) {
    arguments[model.places[i]] = tensor_of(sluice::input_of(request, model.inputs[i]), model.device);
  }
  std::vector<at::Tensor> tensors;
  try {
    tensors = tensors_of(model.module.forward(std::move(arguments)), model.outputs);
  } catch (const Failure &) {
    throw;
  } catch (const std::exception &error) {
    // What PyTorch says may quote numbers of the caller's: it is for the operator.
    const sluice_host *host = request->host;
    if (host->log_level <= SLUICE_LOG_WARN) host->log(host, SLUICE_LOG_WARN, first_line(error.what()).c_str());
    throw Failure(SLUICE_INTERNAL, "the model failed");
  }
  sluice::Answer answer(request);
  for (size_t i = 0; i < model.outputs.size(); i++) {
    if (output_is_wanted(request, model.outputs[i].name.c_str())) write_output(model.outputs[i], tensors[i], answer);
  }
  answer.send();
}

}  // namespace

extern "C" SLUICE_EXPORT const sluice_plugin *sluice_pytorch_engine_v1(const sluice_host *, sluice_error *) {
  static const sluice_plugin plugin =
      sluice::backend<sluice_model, load, run>("dev.sluice.pytorch", "Runs TorchScript models on PyTorch");
  return &plugin;
}
