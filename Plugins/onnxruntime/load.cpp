#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "model.h"
#include "session.h"

sluice_model::~sluice_model() {
  watcher.reset();
  states.reset();
  if (session != nullptr) runtime->api->ReleaseSession(session);
}

namespace sluice_ort {
namespace {

struct Settings {
  std::string file;
  SessionSettings session;
  int64_t concurrency = 1;
  int64_t max_batch_rows = 0;
  int batch = 0;
  int stop_runs = 1;
  int quick = 0;
  int bind_outputs = 0;
};

enum Batch { BATCH_AUTO, BATCH_NONE, BATCH_CONCAT };

sluice_status read_settings(const sluice_load_args *args, Settings &settings, sluice_error *error) {
  static const char *const known[] = {"file",           "library",   "intra_op_threads", "inter_op_threads",
                                      "optimization",   "execution", "outputs",          "batch",
                                      "max_batch_rows", "log",       "concurrency",      "spinning",
                                      "stop_runs",      "state",     "max_sequences",    "quick",
                                      "providers",      "session",   "dimensions",       "custom_ops",
                                      "memory_pattern", "cpu_arena", "deterministic",    "labels",
                                      "bind_outputs",   nullptr};
  static const char *const batches[] = {"auto", "none", "concat", nullptr};

  if (options_refuse_unknown(args, known, error) != SLUICE_OK) return error->code;
  const char *file = option_text(args, "file", "");
  if (file[0] == '\0') {
    return fail(error, SLUICE_INVALID_ARGUMENT, "config.file is missing: it names the .onnx file of the model");
  }
  settings.file = file[0] == '/' ? file : std::string(args->path) + "/" + file;
  settings.concurrency = std::max(1u, std::thread::hardware_concurrency());

  if (read_session_settings(args, settings.session, error) != SLUICE_OK ||
      option_integer(args, "concurrency", 1, 1024, &settings.concurrency, error) != SLUICE_OK ||
      option_integer(args, "max_batch_rows", 0, INT32_MAX, &settings.max_batch_rows, error) != SLUICE_OK ||
      option_choice(args, "batch", batches, &settings.batch, error) != SLUICE_OK ||
      option_boolean(args, "stop_runs", &settings.stop_runs, error) != SLUICE_OK ||
      option_boolean(args, "quick", &settings.quick, error) != SLUICE_OK ||
      option_boolean(args, "bind_outputs", &settings.bind_outputs, error) != SLUICE_OK) {
    return error->code;
  }
  if (settings.quick && (settings.session.intra_op_threads != 1 || settings.session.inter_op_threads != 1)) {
    return fail(error, SLUICE_INVALID_ARGUMENT,
                "config.quick runs the model where requests come in, which must not wait for other threads: "
                "leave intra_op_threads and inter_op_threads at 1");
  }
  // A quick run is over before anybody could stop it.
  if (settings.quick) settings.stop_runs = 0;
  return SLUICE_OK;
}

sluice_status open_session(const Settings &settings, sluice_model &model, sluice_error *error) {
  const Runtime &runtime = *model.runtime;
  struct stat about;
  if (stat(settings.file.c_str(), &about) != 0) {
    return fail(error, SLUICE_NOT_FOUND, "config.file: %.380s: %s", settings.file.c_str(), std::strerror(errno));
  }
  if (!S_ISREG(about.st_mode)) {
    return fail(error, SLUICE_INVALID_ARGUMENT, "config.file: %.380s is not a file", settings.file.c_str());
  }
  model.info.memory_bytes = static_cast<uint64_t>(about.st_size);

  OrtSessionOptions *options = nullptr;
  OrtStatus *status = runtime.api->CreateSessionOptions(&options);
  if (status == nullptr && configure_session(runtime, settings.session, options, error) != SLUICE_OK) {
    runtime.api->ReleaseSessionOptions(options);
    return error->code;
  }
  if (status == nullptr) {
    status = runtime.api->CreateSession(runtime.environment, settings.file.c_str(), options, &model.session);
  }
  if (options != nullptr) runtime.api->ReleaseSessionOptions(options);
  if (status == nullptr) return SLUICE_OK;
  sluice_error own = {};
  const sluice_status code = take_status(runtime, status, false, "opening the model", &own);
  return fail(error, code, "config.file: %.160s: %.320s", settings.file.c_str(), own.message);
}

// "[batch, 4]" from a shape and the names of its free dimensions; "?" is a free dimension without a name.
std::string shape_text(const Port &port) {
  std::string text = "[";
  bool named = false;
  for (size_t i = 0; i < port.shape.size(); i++) {
    if (i > 0) text += ", ";
    named = named || !port.symbols[i].empty();
    text += !port.symbols[i].empty() ? port.symbols[i] : port.shape[i] < 0 ? "?" : std::to_string(port.shape[i]);
  }
  return named ? text + "]" : "";
}

sluice_status read_type(const Runtime &runtime, const OrtTypeInfo *info, const char *direction, Port &port,
                        sluice_error *error) {
  const OrtApi &api = *runtime.api;
  ONNXType kind = ONNX_TYPE_UNKNOWN;
  OrtStatus *status = api.GetOnnxTypeFromTypeInfo(info, &kind);
  if (status == nullptr && kind != ONNX_TYPE_TENSOR) {
    const bool zipmap = kind == ONNX_TYPE_SEQUENCE || kind == ONNX_TYPE_MAP;
    const char *found = kind == ONNX_TYPE_SEQUENCE       ? "a sequence"
                        : kind == ONNX_TYPE_MAP          ? "a map"
                        : kind == ONNX_TYPE_OPTIONAL     ? "optional"
                        : kind == ONNX_TYPE_SPARSETENSOR ? "a sparse tensor"
                                                         : "of an unknown kind";
    return fail(error, SLUICE_UNIMPLEMENTED, "%s \"%.64s\" is %s, not a tensor%s", direction, port.name.c_str(), found,
                zipmap ? ": export scikit-learn models with options={\"zipmap\": False}, or leave it out with "
                         "config.outputs"
                       : "");
  }
  const OrtTensorTypeAndShapeInfo *tensor = nullptr;
  ONNXTensorElementDataType element = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  size_t rank = 0;
  if (status == nullptr) status = api.CastTypeInfoToTensorInfo(info, &tensor);
  if (status == nullptr) status = api.GetTensorElementType(tensor, &element);
  if (status == nullptr) status = api.GetDimensionsCount(tensor, &rank);
  if (status != nullptr) return take_status(runtime, status, false, "describing the model", error);
  port.type = element_type_of(element);
  if (port.type == nullptr) {
    return fail(error, SLUICE_UNIMPLEMENTED,
                "%s \"%.64s\" has ONNX's element type %d, which the Open Inference Protocol does not have", direction,
                port.name.c_str(), static_cast<int>(element));
  }
  port.shape.resize(rank);
  std::vector<const char *> symbols(rank, nullptr);
  if (rank > 0) {
    status = api.GetDimensions(tensor, port.shape.data(), rank);
    if (status == nullptr) status = api.GetSymbolicDimensions(tensor, symbols.data(), rank);
    if (status != nullptr) return take_status(runtime, status, false, "describing the model", error);
  }
  for (size_t i = 0; i < rank; i++) {
    port.symbols.push_back(port.shape[i] < 0 && symbols[i] != nullptr ? symbols[i] : "");
    if (port.shape[i] < 0) port.shape[i] = -1;
  }
  port.summary = shape_text(port);
  return SLUICE_OK;
}

sluice_status read_ports(const Runtime &runtime, OrtSession *session, bool inputs, const sluice_load_args *args,
                         std::vector<Port> &ports, sluice_error *error) {
  const OrtApi &api = *runtime.api;
  const char *direction = inputs ? "input" : "output";
  std::vector<std::string> wanted;
  for (size_t i = 0; !inputs; i++) {
    const char *name = option_text(args, ("outputs." + std::to_string(i)).c_str(), nullptr);
    if (name == nullptr) break;
    wanted.push_back(name);
  }

  size_t count = 0;
  OrtStatus *status = inputs ? api.SessionGetInputCount(session, &count) : api.SessionGetOutputCount(session, &count);
  std::string names;
  for (size_t i = 0; status == nullptr && i < count; i++) {
    char *name = nullptr;
    status = inputs ? api.SessionGetInputName(session, i, runtime.allocator, &name)
                    : api.SessionGetOutputName(session, i, runtime.allocator, &name);
    if (status != nullptr) break;
    Port port;
    port.name = name;
    runtime.allocator->Free(runtime.allocator, name);
    names += (i == 0 ? "" : ", ") + port.name;
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), port.name) == wanted.end()) continue;

    OrtTypeInfo *info = nullptr;
    status = inputs ? api.SessionGetInputTypeInfo(session, i, &info) : api.SessionGetOutputTypeInfo(session, i, &info);
    if (status != nullptr) break;
    const sluice_status read = read_type(runtime, info, direction, port, error);
    api.ReleaseTypeInfo(info);
    if (read != SLUICE_OK) return read;
    ports.push_back(std::move(port));
  }
  if (status != nullptr) return take_status(runtime, status, false, "describing the model", error);
  for (const std::string &name : wanted) {
    const auto is_it = [&](const Port &port) { return port.name == name; };
    if (std::none_of(ports.begin(), ports.end(), is_it)) {
      return fail(error, SLUICE_INVALID_ARGUMENT, "config.outputs: the model has no output \"%.64s\"; it has %.300s",
                  name.c_str(), names.c_str());
    }
  }
  return SLUICE_OK;
}

// Whether the first dimension of every input and output is free and has one name, or none anywhere.
bool first_dimension_is_batch(const sluice_model &model) {
  const std::string *name = nullptr;
  for (const std::vector<Port> *ports : {&model.inputs, &model.outputs}) {
    for (const Port &port : *ports) {
      if (port.shape.empty() || port.shape[0] >= 0) return false;
      if (name != nullptr && *name != port.symbols[0]) return false;
      name = &port.symbols[0];
    }
  }
  return name != nullptr;
}

sluice_status choose_batching(const Settings &settings, sluice_model &model, sluice_error *error) {
  model.info.batching = SLUICE_BATCH_NONE;
  // Requests of one batch would share their state.
  if (!model.state.empty()) {
    if (settings.batch != BATCH_CONCAT) return SLUICE_OK;
    return fail(error, SLUICE_INVALID_ARGUMENT, "config.batch: concat can't be had together with config.state");
  }
  if (settings.batch == BATCH_CONCAT) {
    for (const std::vector<Port> *ports : {&model.inputs, &model.outputs}) {
      for (const Port &port : *ports) {
        if (!port.shape.empty() && port.shape[0] < 0) continue;
        return fail(error, SLUICE_INVALID_ARGUMENT,
                    "config.batch: concat needs a free first dimension, which \"%.64s\" does not have",
                    port.name.c_str());
      }
    }
    model.info.batching = SLUICE_BATCH_CONCAT;
  } else if (settings.batch == BATCH_AUTO && first_dimension_is_batch(model)) {
    model.info.batching = SLUICE_BATCH_CONCAT;
  }
  return SLUICE_OK;
}

std::vector<sluice_tensor_spec> specs_of(const std::vector<Port> &ports, bool batched) {
  std::vector<sluice_tensor_spec> specs;
  for (const Port &port : ports) {
    const size_t left_out = batched ? 1 : 0;
    sluice_tensor_spec spec = {};
    spec.name = port.name.c_str();
    spec.dtype = port.type->dtype;
    spec.ndim = static_cast<int32_t>(port.shape.size() - left_out);
    spec.shape = port.shape.data() + left_out;
    spec.summary = port.summary.empty() ? nullptr : port.summary.c_str();
    specs.push_back(spec);
  }
  return specs;
}

// Of the output that names classes: the shape of the scores without their last dimension.
sluice_tensor_spec label_spec(const sluice_model &model, bool batched) {
  sluice_tensor_spec spec = model.output_specs[model.labels.scores];
  spec.name = model.labels.name.c_str();
  spec.dtype = {SLUICE_BYTES, 8, 1};
  // Scores that are a row each of a batch have this dimension at least.
  spec.ndim = std::max(0, spec.ndim - 1);
  spec.summary = batched ? "the class with the highest score of each row" : "the class with the highest score";
  return spec;
}

// What the file says about itself. Facts that it does not state are left out; its own map wins over ours.
OrtStatus *read_metadata(sluice_model &model) {
  const Runtime &runtime = *model.runtime;
  const OrtApi &api = *runtime.api;
  OrtModelMetadata *source = nullptr;
  OrtStatus *status = api.SessionGetModelMetadata(model.session, &source);
  if (status != nullptr) return status;

  const auto free_text = [&](char *text) { runtime.allocator->Free(runtime.allocator, text); };
  char **keys = nullptr;
  int64_t count = 0;
  status = api.ModelMetadataGetCustomMetadataMapKeys(source, runtime.allocator, &keys, &count);
  for (int64_t i = 0; status == nullptr && i < count; i++) {
    char *value = nullptr;
    status = api.ModelMetadataLookupCustomMetadataMap(source, runtime.allocator, keys[i], &value);
    if (status == nullptr && value != nullptr) {
      model.metadata.emplace_back(keys[i], value);
      free_text(value);
    }
  }
  for (int64_t i = 0; i < count; i++) free_text(keys[i]);
  if (keys != nullptr) runtime.allocator->Free(runtime.allocator, keys);

  const auto add = [&](const char *key, const std::string &value) {
    const auto is_it = [&](const std::pair<std::string, std::string> &pair) { return pair.first == key; };
    if (value.empty() || std::any_of(model.metadata.begin(), model.metadata.end(), is_it)) return;
    model.metadata.emplace_back(key, value);
  };
  const auto add_text = [&](const char *key, decltype(api.ModelMetadataGetProducerName) read) {
    if (status != nullptr) return;
    char *value = nullptr;
    status = read(source, runtime.allocator, &value);
    if (status != nullptr || value == nullptr) return;
    add(key, value);
    free_text(value);
  };
  add_text("producer", api.ModelMetadataGetProducerName);
  add_text("graph", api.ModelMetadataGetGraphName);
  add_text("domain", api.ModelMetadataGetDomain);
  add_text("description", api.ModelMetadataGetDescription);
  int64_t version = 0;
  if (status == nullptr) status = api.ModelMetadataGetVersion(source, &version);
  if (version > 0 && version < INT64_MAX) add("model_version", std::to_string(version));
  add("runtime", std::string("ONNX Runtime ") + runtime.version);
  api.ReleaseModelMetadata(source);
  return status;
}

}  // namespace

sluice_status load_model(const sluice_host *host, const sluice_load_args *args, sluice_model &model,
                         sluice_error *error) {
  Settings settings;
  if (read_settings(args, settings, error) != SLUICE_OK) return error->code;
  model.runtime = open_runtime(host, args, error);
  if (model.runtime == nullptr) return error->code;
  if (open_session(settings, model, error) != SLUICE_OK) return error->code;
  if (read_ports(*model.runtime, model.session, true, args, model.inputs, error) != SLUICE_OK) return error->code;
  if (read_ports(*model.runtime, model.session, false, args, model.outputs, error) != SLUICE_OK) return error->code;
  if (read_state(args, model, error) != SLUICE_OK) return error->code;
  if (settings.quick && model.states != nullptr) {
    return fail(error, SLUICE_INVALID_ARGUMENT, "config.quick and config.state exclude each other: state is waited for");
  }
  if (settings.quick) model.info.flags |= SLUICE_MODEL_QUICK;
  if (choose_batching(settings, model, error) != SLUICE_OK) return error->code;
  if (OrtStatus *status = read_metadata(model)) {
    return take_status(*model.runtime, status, false, "reading the model's metadata", error);
  }
  if (read_labels(args, model.metadata, model.outputs, model.labels, error) != SLUICE_OK) return error->code;
  model.binds_outputs = settings.bind_outputs != 0;
  if (settings.stop_runs) model.watcher = std::make_unique<Watcher>(*model.runtime);

  const bool batched = model.info.batching == SLUICE_BATCH_CONCAT;
  model.input_specs = specs_of(model.inputs, batched);
  model.output_specs = specs_of(model.outputs, batched);
  if (!model.labels.texts.empty()) model.output_specs.push_back(label_spec(model, batched));
  for (const auto &[key, value] : model.metadata) model.metadata_views.push_back({key.c_str(), value.c_str()});
  model.info.struct_size = sizeof model.info;
  model.info.inputs = model.input_specs.data();
  model.info.input_count = model.input_specs.size();
  model.info.outputs = model.output_specs.data();
  model.info.output_count = model.output_specs.size();
  model.info.max_batch_rows = static_cast<int32_t>(settings.max_batch_rows);
  model.info.max_concurrency = static_cast<int32_t>(settings.concurrency);
  model.info.platform = "onnxruntime_onnx";
  model.info.metadata = model.metadata_views.data();
  model.info.metadata_count = model.metadata_views.size();
  return SLUICE_OK;
}

}  // namespace sluice_ort
