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
  for (const Port &port : model.outputs) {
    if (!output_is_wanted(request, port.name.c_str())) continue;
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

sluice_status answer(const sluice_model &model, const sluice_request *request, Run &run, sluice_error *error) {
  std::vector<sluice_tensor> outputs(run.output_ports.size());
  std::vector<std::vector<int64_t>> shapes(run.output_ports.size());
  for (size_t i = 0; i < run.output_ports.size(); i++) {
    const sluice_status status =
        write_output(*model.runtime, request, *run.output_ports[i], run.outputs[i], shapes[i], outputs[i], error);
    if (status == SLUICE_OK) continue;
    for (size_t done = 0; done < i; done++) {
      if (outputs[done].release != nullptr) outputs[done].release(&outputs[done]);
    }
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
