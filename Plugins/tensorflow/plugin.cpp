// tensorflow - SavedModels on TensorFlow's C library.
#include <sys/stat.h>

#include <algorithm>
#include <memory>
#include <thread>

#include "api.h"
#include "backend.h"
#include "ports.h"
#include "settings.h"
#include "signature.h"

struct sluice_model {
  const tf::Api *api = nullptr;
  tf::Graph *graph = nullptr;
  tf::Session *session = nullptr;
  std::vector<sluice::Port> inputs, outputs;
  std::vector<tf::Place> input_places, output_places;
  std::vector<sluice_tensor_spec> input_specs, output_specs;
  std::string runtime, signature;
  sluice_kv metadata[2];
  sluice_model_info info = {};

  ~sluice_model() {
    if (session != nullptr) {
      tf::Status *status = api->status();
      api->close(session, status);
      api->delete_session(session, status);
      api->delete_status(status);
    }
    if (graph != nullptr) api->delete_graph(graph);
  }
};

namespace {

using sluice::Failure;
using sluice::Port;

// TensorFlow's objects for one scope.
template <class Object>
using Owned = std::unique_ptr<Object, void (*)(Object *)>;

std::string first_line(const char *message) {
  const std::string text = message;
  return text.substr(0, std::min<size_t>(text.find('\n'), 300));
}

// A ConfigProto, which says how many threads there are: fields 2, 5 and 9 (threads of this session alone).
std::string thread_config(int64_t threads) {
  std::string config;
  for (const char tag : {'\x10', '\x28'}) {
    config += tag;
    int64_t rest = threads;
    for (; rest >= 0x80; rest >>= 7) config += static_cast<char>(0x80 | (rest & 0x7F));
    config += static_cast<char>(rest);
  }
  return config + "\x48\x01";
}

// The folder that config.file names, or whose saved_model.pb it names.
std::string model_folder(const sluice_load_args *args) {
  std::string path = option_text(args, "file", "");
  if (path.empty()) {
    throw Failure(SLUICE_INVALID_ARGUMENT, "config.file is missing: it names the folder of the SavedModel");
  }
  if (path[0] != '/') path = std::string(args->path) + "/" + path;
  const size_t name = path.rfind("/saved_model.pb");
  if (name != std::string::npos && name + 15 == path.size()) path.resize(name);
  struct stat about;
  if (stat((path + "/saved_model.pb").c_str(), &about) != 0) {
    throw Failure(SLUICE_NOT_FOUND, "config.file: " + path.substr(0, 380) + " has no saved_model.pb");
  }
  return path;
}

void add_ports(const sluice_model &model, const std::map<std::string, tf::TensorInfo> &from, std::vector<Port> &ports,
               std::vector<tf::Place> &places) {
  for (const auto &[name, info] : from) {
    Port port;
    port.name = name;
    port.shape = info.shape;
    port.any_rank = info.any_rank;
    if (!tf::dtype_of(info.type, port.dtype)) {
      throw Failure(SLUICE_UNIMPLEMENTED, "\"" + name.substr(0, 64) + "\" has TensorFlow's type " +
                                              std::to_string(info.type) + ", which this plugin doesn't take");
    }
    const size_t colon = std::min(info.tensor.rfind(':'), info.tensor.size());
    tf::Operation *operation = model.api->operation(model.graph, info.tensor.substr(0, colon).c_str());
    if (operation == nullptr) {
      throw Failure(SLUICE_INVALID_ARGUMENT, "config.file: the graph has no " + info.tensor.substr(0, 200));
    }
    const int index = colon < info.tensor.size() ? std::atoi(info.tensor.c_str() + colon + 1) : 0;
    ports.push_back(std::move(port));
    places.push_back({operation, index});
  }
}

void choose_signature(const sluice::Settings &settings, const tf::Buffer &description, sluice_model &model) {
  const auto signatures = tf::signatures_of(description.data, description.size);
  model.signature = settings.text("signature");
  if (model.signature.empty()) model.signature = "serving_default";
  const auto found = signatures.find(model.signature);
  if (found == signatures.end()) {
    std::string names;
    for (const auto &[name, _] : signatures) names += (names.empty() ? "" : ", ") + name;
    throw Failure(SLUICE_INVALID_ARGUMENT, "config.signature: the model has no \"" + model.signature.substr(0, 64) +
                                               "\"; it has " + (names.empty() ? "none at all" : names.substr(0, 300)));
  }
  add_ports(model, found->second.inputs, model.inputs, model.input_places);
  add_ports(model, found->second.outputs, model.outputs, model.output_places);
}

bool first_is_free(const Port &port) { return !port.any_rank && !port.shape.empty() && port.shape[0] < 0; }

void load(const sluice_host *, const sluice_load_args *args, sluice_model &model) {
  const sluice::Settings settings(args, {"file", "library", "signature", "tags", "batch", "max_batch_rows", "threads",
                                         "concurrency", "deterministic"});
  const std::string folder = model_folder(args);
  const int batch = settings.choice("batch", {"auto", "none", "concat"});
  const int64_t most_rows = settings.integer("max_batch_rows", 0, 0, INT32_MAX);
  const int64_t threads = settings.integer("threads", 1, 1, 1024);
  const auto processors = static_cast<int64_t>(std::max(1u, std::thread::hardware_concurrency()));
  const int64_t concurrency = settings.integer("concurrency", processors, 1, 1024);
  const bool deterministic = settings.flag("deterministic", false);
  std::vector<std::string> tags = settings.list("tags");
  if (tags.empty()) tags.push_back("serve");

  const tf::Api &api = tf::open_api(args);
  model.api = &api;
  const Owned<tf::Status> status(api.status(), api.delete_status);
  const Owned<tf::Options> options(api.options(), api.delete_options);
  const Owned<tf::Buffer> description(api.buffer(), api.delete_buffer);
  const std::string config = thread_config(threads);
  api.set_config(options.get(), config.data(), config.size(), status.get());
  std::vector<const char *> tag_texts;
  for (const std::string &tag : tags) tag_texts.push_back(tag.c_str());
  model.graph = api.graph();
  model.session = api.load(options.get(), nullptr, folder.c_str(), tag_texts.data(),
                           static_cast<int>(tag_texts.size()), model.graph, description.get(), status.get());
  if (model.session == nullptr || api.code(status.get()) != 0) {
    throw Failure(SLUICE_INVALID_ARGUMENT, "config.file: " + folder.substr(0, 160) + ": " +
                                               first_line(api.message(status.get())));
  }
  choose_signature(settings, *description, model);

  const bool may = std::all_of(model.inputs.begin(), model.inputs.end(), first_is_free) &&
                   std::all_of(model.outputs.begin(), model.outputs.end(), first_is_free) && !model.inputs.empty();
  if (batch == 2 && !may) {
    throw Failure(SLUICE_INVALID_ARGUMENT,
                  "config.batch: concat needs a free first dimension of every input and output");
  }
  const bool batched = batch != 1 && may;
  model.input_specs = sluice::specs_of(model.inputs, batched);
  model.output_specs = sluice::specs_of(model.outputs, batched);
  model.runtime = std::string("TensorFlow ") + api.version();
  model.metadata[0] = {"runtime", model.runtime.c_str()};
  model.metadata[1] = {"signature", model.signature.c_str()};
  model.info.struct_size = sizeof model.info;
  model.info.inputs = model.input_specs.data();
  model.info.input_count = model.input_specs.size();
  model.info.outputs = model.output_specs.data();
  model.info.output_count = model.output_specs.size();
  model.info.batching = batched ? SLUICE_BATCH_CONCAT : SLUICE_BATCH_NONE;
  model.info.max_batch_rows = static_cast<int32_t>(most_rows);
  model.info.max_concurrency = static_cast<int32_t>(concurrency);
  model.info.flags = deterministic ? uint32_t{SLUICE_MODEL_DETERMINISTIC} : 0;
  model.info.platform = "tensorflow_savedmodel";
  model.info.metadata = model.metadata;
  model.info.metadata_count = 2;
}

// The tensors of one run; what is left in it is released at its end.
struct Run {
  explicit Run(const tf::Api &api) : api(api) {}
  ~Run() {
    for (const std::vector<tf::Tensor *> *tensors : {&inputs, &outputs}) {
      for (tf::Tensor *tensor : *tensors) {
        if (tensor != nullptr) api.delete_tensor(tensor);
      }
    }
  }
  Run(const Run &) = delete;
  const tf::Api &api;
  std::vector<tf::Tensor *> inputs, outputs;
};

void write_output(const tf::Api &api, const Port &port, const tf::Tensor *from, sluice::Answer &answer) {
  std::vector<int64_t> shape;
  for (int axis = 0; axis < api.rank(from); axis++) shape.push_back(api.size(from, axis));
  const size_t size = sluice::count_of(shape) * (port.dtype.bits / 8);
  if (api.type(from) != tf::type_of(port.dtype) || api.byte_size(from) != size) {
    throw Failure(SLUICE_INTERNAL, "output \"" + port.name.substr(0, 64) + "\" isn't what the signature says");
  }
  const sluice_tensor &to = answer.add(port.name.c_str(), port.dtype, shape);
  if (size > 0) std::memcpy(to.data, api.data(from), size);
}

void run(sluice_model &model, const sluice_request *request) {
  if (sluice::asks_nothing(model.info, request)) return sluice::answer_nothing(model.outputs, request);
  const tf::Api &api = *model.api;
  Run run(api);
  for (const Port &port : model.inputs) {
    const sluice_tensor &from = sluice::input_of(request, port);
    tf::Tensor *to = api.allocate(tf::type_of(from.dtype), from.shape, from.ndim, from.byte_size);
    if (to == nullptr) throw std::bad_alloc();
    run.inputs.push_back(to);
    if (from.byte_size > 0) std::memcpy(api.data(to), from.data, from.byte_size);
  }
  std::vector<const Port *> wanted;
  std::vector<tf::Place> places;
  for (size_t i = 0; i < model.outputs.size(); i++) {
    if (!output_is_wanted(request, model.outputs[i].name.c_str())) continue;
    wanted.push_back(&model.outputs[i]);
    places.push_back(model.output_places[i]);
  }
  run.outputs.resize(wanted.size(), nullptr);
  const Owned<tf::Status> status(api.status(), api.delete_status);
  if (!wanted.empty()) {
    api.run(model.session, nullptr, model.input_places.data(), run.inputs.data(), static_cast<int>(run.inputs.size()),
            places.data(), run.outputs.data(), static_cast<int>(places.size()), nullptr, 0, nullptr, status.get());
  }
  if (const int code = api.code(status.get())) {
    // TensorFlow's words may quote what the caller sent: they are for the operator. Shapes that don't fit are all that
    // is the caller's mistake.
    const sluice_host *host = request->host;
    const std::string words = first_line(api.message(status.get()));
    if (host->log_level <= SLUICE_LOG_WARN) host->log(host, SLUICE_LOG_WARN, words.c_str());
    const bool is_callers = code == SLUICE_INVALID_ARGUMENT;
    throw Failure(is_callers ? SLUICE_INVALID_ARGUMENT : SLUICE_INTERNAL,
                  is_callers ? "the model can't take these inputs" : "the model failed");
  }
  sluice::Answer answer(request);
  for (size_t i = 0; i < wanted.size(); i++) write_output(api, *wanted[i], run.outputs[i], answer);
  answer.send();
}

}  // namespace

extern "C" const sluice_plugin *sluice_plugin_v1(const sluice_host *, sluice_error *) {
  static const sluice_plugin plugin =
      sluice::backend<sluice_model, load, run>("dev.sluice.tensorflow", "Runs SavedModels on TensorFlow");
  return &plugin;
}
