#include <algorithm>
#include <cstring>

#include "model.h"

namespace sluice_ort {
namespace {

// The values and options of one run; what is left in it is released at its end.
class Run {
 public:
  explicit Run(const OrtApi &api) : state(api), api_(api) {}
  ~Run() {
    // The last of the inputs are the state's own.
    inputs.resize(inputs.size() - std::min(inputs.size(), borrowed));
    for (OrtValue *value : inputs) {
      if (value != nullptr) api_.ReleaseValue(value);
    }
    for (OrtValue *value : outputs) {
      if (value != nullptr) api_.ReleaseValue(value);
    }
    if (options != nullptr) api_.ReleaseRunOptions(options);
  }
  Run(const Run &) = delete;
  Run &operator=(const Run &) = delete;

  std::vector<const char *> input_names, output_names;
  std::vector<OrtValue *> inputs, outputs;
  std::vector<const Port *> output_ports;
  std::vector<sluice_tensor> bound;                 // of each output: without data where ONNX Runtime has memory of its own
  std::vector<std::vector<int64_t>> bound_shapes;
  size_t scores = SIZE_MAX;      // the output that is to be labelled
  bool has_hidden_scores = false;  // only the label was asked for
  State state;  // what the run begins with
  size_t borrowed = 0;
  OrtRunOptions *options = nullptr;

 private:
  const OrtApi &api_;
};

size_t element_count(const int64_t *shape, size_t rank) {
  size_t count = 1;
  for (size_t i = 0; i < rank; i++) count *= static_cast<size_t>(shape[i]);
  return count;
}

// Strings are ONNX Runtime's own objects, so their bytes are copied; all else is a view of the host's memory.
OrtStatus *make_strings(const Runtime &runtime, const sluice_tensor &tensor, OrtValue **value) {
  const OrtApi &api = *runtime.api;
  const auto rank = static_cast<size_t>(tensor.ndim);
  OrtStatus *status =
      api.CreateTensorAsOrtValue(runtime.allocator, tensor.shape, rank, ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING, value);
  const size_t count = element_count(tensor.shape, rank);
  for (size_t i = 0; status == nullptr && i < count; i++) {
    const auto size = static_cast<size_t>(tensor.offsets[i + 1] - tensor.offsets[i]);
    char *buffer = nullptr;
    status = api.GetResizedStringTensorElementBuffer(*value, i, size, &buffer);
    if (status == nullptr && size > 0) {
      std::memcpy(buffer, static_cast<const char *>(tensor.data) + tensor.offsets[i], size);
    }
  }
  return status;
}

OrtStatus *make_input(const Runtime &runtime, const sluice_tensor &tensor, ONNXTensorElementDataType type,
                      OrtValue **value) {
  if (type == ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING) return make_strings(runtime, tensor, value);
  static char nothing[64];  // an empty tensor may have no data; ONNX Runtime wants an address
  void *data = tensor.data == nullptr ? nothing : tensor.data;
  return runtime.api->CreateTensorWithDataAsOrtValue(runtime.cpu, data, tensor.byte_size, tensor.shape,
                                                     static_cast<size_t>(tensor.ndim), type, value);
}

// The output's shape, as far as it follows from those of the inputs: false where a dimension doesn't.
bool known_shape(const sluice_model &model, const sluice_request *request, const Port &port, std::vector<int64_t> &shape) {
  shape = port.shape;
  for (size_t axis = 0; axis < shape.size(); axis++) {
    for (size_t i = 0; i < model.inputs.size() && shape[axis] < 0 && !port.symbols[axis].empty(); i++) {
      const Port &input = model.inputs[i];
      const auto found = std::find(input.symbols.begin(), input.symbols.end(), port.symbols[axis]);
      if (found == input.symbols.end()) continue;
      for (size_t k = 0; k < request->input_count; k++) {
        if (input.name != request->inputs[k].name) continue;
        const auto place = static_cast<int32_t>(found - input.symbols.begin());
        if (place < request->inputs[k].ndim) shape[axis] = request->inputs[k].shape[place];
      }
    }
    if (shape[axis] <= 0) return false;
  }
  return true;
}

// Has ONNX Runtime write outputs whose shape is known beforehand where the host wants them. Strings are its own objects.
sluice_status bind_outputs(const sluice_model &model, const sluice_request *request, Run &run, sluice_error *error) {
  run.bound.resize(run.output_ports.size());
  run.bound_shapes.resize(run.output_ports.size());
  for (size_t i = 0; i < run.output_ports.size(); i++) {
    const Port &port = *run.output_ports[i];
    if (port.type->dtype.code == SLUICE_BYTES || (i == run.scores && run.has_hidden_scores)) continue;
    std::vector<int64_t> &shape = run.bound_shapes[i];
    if (!known_shape(model, request, port, shape)) continue;
    sluice_tensor tensor = {};
    tensor.device_type = SLUICE_CPU;
    tensor.name = port.name.c_str();
    tensor.dtype = port.type->dtype;
    tensor.ndim = static_cast<int32_t>(shape.size());
    tensor.shape = shape.data();
    tensor.byte_size = element_count(shape.data(), shape.size()) * (port.type->dtype.bits / 8);
    if (const sluice_status status = request->host->new_output(request, &tensor)) {
      return fail(error, status, "no memory for output \"%.64s\"", tensor.name);
    }
    if (OrtStatus *status = make_input(*model.runtime, tensor, port.type->onnx, &run.outputs[i])) {
      return take_status(*model.runtime, status, true, "preparing the run", error);
    }
    run.bound[i] = tensor;
  }
  return SLUICE_OK;
}

sluice_status prepare(const sluice_model &model, const sluice_request *request, Run &run, sluice_error *error) {
  const Runtime &runtime = *model.runtime;
  for (const Port &port : model.inputs) {
    const sluice_tensor *tensor = nullptr;
    for (size_t i = 0; i < request->input_count && tensor == nullptr; i++) {
      if (port.name == request->inputs[i].name) tensor = &request->inputs[i];
    }
    if (tensor == nullptr) {
      return fail(error, SLUICE_INVALID_ARGUMENT, "input \"%.64s\" is missing", port.name.c_str());
    }
    if (element_type_of(tensor->dtype) != port.type) {
      return fail(error, SLUICE_INVALID_ARGUMENT, "input \"%.64s\" is %s, but the model takes %s", port.name.c_str(),
                  datatype_name(tensor->dtype), datatype_name(port.type->dtype));
    }
    run.inputs.push_back(nullptr);
    run.input_names.push_back(port.name.c_str());
    if (OrtStatus *status = make_input(runtime, *tensor, port.type->onnx, &run.inputs.back())) {
      return take_status(runtime, status, true, "reading the inputs", error);
    }
  }
  const bool wants_label = !model.labels.texts.empty() && output_is_wanted(request, model.labels.name.c_str());
  for (size_t i = 0; i < model.outputs.size(); i++) {
    const Port &port = model.outputs[i];
    const bool is_wanted = output_is_wanted(request, port.name.c_str()), is_labelled = wants_label && i == model.labels.scores;
    if (!is_wanted && !is_labelled) continue;
    if (is_labelled) {
      run.scores = run.output_ports.size();
      run.has_hidden_scores = !is_wanted;
    }
    run.output_ports.push_back(&port);
    run.output_names.push_back(port.name.c_str());
  }
  for (size_t i = 0; i < model.state.size(); i++) {
    run.input_names.push_back(model.state[i].input.name.c_str());
    run.inputs.push_back(run.state.values[i]);
    run.borrowed++;
    run.output_names.push_back(model.state[i].output.name.c_str());
  }
  run.outputs.resize(run.output_names.size(), nullptr);
  if (model.binds_outputs && bind_outputs(model, request, run, error) != SLUICE_OK) return error->code;
  if (OrtStatus *status = runtime.api->CreateRunOptions(&run.options)) {
    return take_status(runtime, status, true, "preparing the run", error);
  }
  return SLUICE_OK;
}

// [any] Gives an output's memory back to ONNX Runtime, which keeps it even when the session has gone.
void release_output(sluice_tensor *tensor) {
  opened_runtime().api->ReleaseValue(static_cast<OrtValue *>(tensor->owner));
  tensor->release = nullptr;
  tensor->owner = nullptr;
}

// The strings of an output, copied once into host memory.
sluice_status write_strings(const Runtime &runtime, const sluice_request *request, const OrtValue *value, size_t count,
                            sluice_tensor &output, sluice_error *error) {
  const OrtApi &api = *runtime.api;
  size_t size = 0;
  if (OrtStatus *status = api.GetStringTensorDataLength(value, &size)) {
    return take_status(runtime, status, true, "reading the outputs", error);
  }
  output.byte_size = size;
  if (const sluice_status status = request->host->new_output(request, &output)) {
    return fail(error, status, "no memory for output \"%.64s\"", output.name);
  }
  auto *offsets = const_cast<int64_t *>(output.offsets);
  offsets[0] = 0;
  offsets[count] = static_cast<int64_t>(size);
  if (count == 0) return SLUICE_OK;
  // size_t and int64_t have one size on every system that this runs on; the values fit, as memory does.
  static_assert(sizeof(size_t) == sizeof(int64_t));
  char nothing[1];
  void *bytes = size == 0 ? nothing : output.data;
  if (OrtStatus *status =
          api.GetStringTensorContent(value, bytes, size, reinterpret_cast<size_t *>(offsets), count)) {
    return take_status(runtime, status, true, "reading the outputs", error);
  }
  return SLUICE_OK;
}

// Describes one result; numbers stay where ONNX Runtime has put them. `shape` must outlive `output`.
sluice_status write_output(const Runtime &runtime, const sluice_request *request, const Port &port, OrtValue *&value,
                           std::vector<int64_t> &shape, sluice_tensor &output, sluice_error *error) {
  const OrtApi &api = *runtime.api;
  OrtTensorTypeAndShapeInfo *info = nullptr;
  size_t rank = 0;
  ONNXTensorElementDataType element = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  OrtStatus *status = api.GetTensorTypeAndShape(value, &info);
  if (status == nullptr) status = api.GetTensorElementType(info, &element);
  if (status == nullptr) status = api.GetDimensionsCount(info, &rank);
  if (status == nullptr) {
    shape.resize(rank);
    if (rank > 0) status = api.GetDimensions(info, shape.data(), rank);
  }
  if (info != nullptr) api.ReleaseTensorTypeAndShapeInfo(info);
  if (status != nullptr) return take_status(runtime, status, true, "reading the outputs", error);
  if (element != port.type->onnx) {
    return fail(error, SLUICE_INTERNAL, "output \"%.64s\" has another data type than the model declares",
                port.name.c_str());
  }

  output = {};
  output.device_type = SLUICE_CPU;
  output.name = port.name.c_str();
  output.dtype = port.type->dtype;
  output.ndim = static_cast<int32_t>(rank);
  output.shape = shape.data();
  const size_t count = element_count(shape.data(), rank);
  if (element == ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING) {
    return write_strings(runtime, request, value, count, output, error);
  }
  output.byte_size = count * (port.type->dtype.bits / 8);
  if ((status = api.GetTensorMutableData(value, &output.data)) != nullptr) {
    return take_status(runtime, status, true, "reading the outputs", error);
  }
  output.owner = value;
  output.release = release_output;
  value = nullptr;  // the host's from here on
  return SLUICE_OK;
}

// The names of the classes with the highest scores. `shape` must outlive `output`.
sluice_status write_labels(const sluice_model &model, const sluice_request *request, const sluice_tensor &scores,
                           std::vector<int64_t> &shape, sluice_tensor &output, sluice_error *error) {
  const std::vector<std::string> &texts = model.labels.texts;
  if (scores.ndim == 0 || static_cast<size_t>(scores.shape[scores.ndim - 1]) != texts.size()) {
    return fail(error, SLUICE_INTERNAL, "output \"%.64s\" has another number of classes than there are labels", scores.name);
  }
  const std::vector<size_t> best = best_classes(scores, texts.size());
  shape.assign(scores.shape, scores.shape + scores.ndim - 1);
  output = {};
  output.device_type = SLUICE_CPU;
  output.name = model.labels.name.c_str();
  output.dtype = {SLUICE_BYTES, 8, 1};
  output.ndim = scores.ndim - 1;
  output.shape = shape.data();
  for (const size_t place : best) output.byte_size += place == SIZE_MAX ? 0 : texts[place].size();
  if (const sluice_status status = request->host->new_output(request, &output)) {
    return fail(error, status, "no memory for output \"%.64s\"", output.name);
  }
  auto *offsets = const_cast<int64_t *>(output.offsets);
  offsets[0] = 0;
  for (size_t i = 0; i < best.size(); i++) {
    const size_t size = best[i] == SIZE_MAX ? 0 : texts[best[i]].size();
    if (size > 0) std::memcpy(static_cast<char *>(output.data) + offsets[i], texts[best[i]].data(), size);
    offsets[i + 1] = offsets[i] + static_cast<int64_t>(size);
  }
  return SLUICE_OK;
}

sluice_status answer(const sluice_model &model, const sluice_request *request, Run &run, sluice_error *error) {
  std::vector<sluice_tensor> outputs(run.output_ports.size());
  std::vector<std::vector<int64_t>> shapes(run.output_ports.size());
  const auto let_go = [](sluice_tensor &output) {
    if (output.release != nullptr) output.release(&output);
  };
  sluice_status status = SLUICE_OK;
  for (size_t i = 0; status == SLUICE_OK && i < run.output_ports.size(); i++) {
    if (!run.bound.empty() && run.bound[i].data != nullptr) {
      outputs[i] = run.bound[i];
      continue;
    }
    status = write_output(*model.runtime, request, *run.output_ports[i], run.outputs[i], shapes[i], outputs[i], error);
  }
  std::vector<int64_t> label_shape;
  if (status == SLUICE_OK && run.scores != SIZE_MAX) {
    sluice_tensor label;
    status = write_labels(model, request, outputs[run.scores], label_shape, label, error);
    if (status == SLUICE_OK && run.has_hidden_scores) {
      let_go(outputs[run.scores]);
      outputs[run.scores] = label;
    } else if (status == SLUICE_OK) {
      outputs.push_back(label);
    }
  }
  if (status != SLUICE_OK) {
    for (sluice_tensor &output : outputs) let_go(output);
    return status;
  }
  sluice_response response = {};
  response.struct_size = sizeof response;
  response.outputs = outputs.data();
  response.output_count = outputs.size();
  response.flags = SLUICE_FINAL;
  request->host->respond(request, &response);  // not OK = the caller has gone: the host has released the outputs
  return SLUICE_OK;
}

// Finds what the request's sequence has come to, or begins it.
sluice_status take_state(sluice_model &model, const sluice_request *request, Run &run, sluice_error *error) {
  const bool starts = request->sequence_id == nullptr || (request->sequence_flags & SLUICE_SEQUENCE_START) != 0;
  if (!starts) {
    if (model.states->take(request->sequence_id, run.state)) return SLUICE_OK;
    return fail(error, SLUICE_FAILED_PRECONDITION, "sequence \"%.64s\" isn't under way: begin it with sequence_start",
                request->sequence_id);
  }
  if (OrtStatus *status = first_state(model, run.state)) {
    return take_status(*model.runtime, status, true, "beginning the sequence", error);
  }
  return SLUICE_OK;
}

// Keeps what the next request of the sequence begins with: what the run gave, or after a failure what it began with.
void keep_state(sluice_model &model, const sluice_request *request, Run &run, bool succeeded) {
  if (request->sequence_id == nullptr) return;
  const bool ends = (request->sequence_flags & SLUICE_SEQUENCE_END) != 0;
  if (succeeded ? ends : (request->sequence_flags & SLUICE_SEQUENCE_START) != 0) return;
  run.inputs.resize(run.inputs.size() - run.borrowed);
  run.borrowed = 0;
  if (succeeded) {
    const size_t first = run.output_ports.size();
    for (size_t i = 0; i < run.state.values.size(); i++) std::swap(run.state.values[i], run.outputs[first + i]);
  }
  model.states->put(request->sequence_id, std::move(run.state));
}

}  // namespace

sluice_status run_model(sluice_model &model, const sluice_request *request, sluice_error *error) {
  const Runtime &runtime = *model.runtime;
  Run run(*runtime.api);
  if (model.states != nullptr && take_state(model, request, run, error) != SLUICE_OK) return error->code;
  if (prepare(model, request, run, error) != SLUICE_OK) {
    if (model.states != nullptr) keep_state(model, request, run, false);
    return error->code;
  }
  if (model.watcher != nullptr) model.watcher->watch(request, run.options);
  OrtStatus *status = runtime.api->Run(model.session, run.options, run.input_names.data(), run.inputs.data(),
                                       run.inputs.size(), run.output_names.data(), run.outputs.size(),
                                       run.outputs.data());
  const sluice_status stopped = model.watcher == nullptr ? SLUICE_OK : model.watcher->forget(request);
  if (model.states != nullptr) keep_state(model, request, run, status == nullptr);
  if (status != nullptr && stopped != SLUICE_OK) {
    runtime.api->ReleaseStatus(status);
    return fail(error, stopped,
                stopped == SLUICE_CANCELLED ? "the run was cancelled" : "the run was stopped at its deadline");
  }
  if (status != nullptr) return take_status(runtime, status, true, "running the model", error);
  return answer(model, request, run, error);
}

}  // namespace sluice_ort
