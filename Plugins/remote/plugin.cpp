// plugin.cpp - what the host sees: a model as its remote describes it.
#include "backend.h"
#include "remote.h"

struct sluice_model {
  std::unique_ptr<remote::Remote> remote;
  std::vector<sluice_tensor_spec> inputs, outputs;
  std::string protocol, servers;
  std::vector<sluice_kv> metadata;
  sluice_model_info info = {};
};

namespace {

using sluice::Failure;
using sluice::Port;

// The rows of a model whose first dimension is theirs.
void check_rows(const std::vector<Port> &ports, const char *key) {
  for (const Port &port : ports) {
    if (port.any_rank || port.shape.empty() || port.shape[0] >= 0) {
      throw Failure(SLUICE_FAILED_PRECONDITION, std::string("config.batched: the first dimension of all ") + key +
                                                    " must be free, and that of \"" + port.name.substr(0, 64) + "\" isn't");
    }
  }
}

void load(const sluice_host *host, const sluice_load_args *args, sluice_model &model) {
  model.remote = std::make_unique<remote::Remote>(host, args);
  const remote::Settings &settings = model.remote->settings;
  const remote::Dialect &dialect = *model.remote->dialect;
  if (settings.takes_rows) {
    check_rows(dialect.inputs, "inputs");
    check_rows(dialect.outputs, "outputs");
  }
  model.inputs = sluice::specs_of(dialect.inputs, settings.takes_rows);
  model.outputs = sluice::specs_of(dialect.outputs, settings.takes_rows);
  static constexpr const char *protocols[] = {"open-inference", "grpc", "openai"};
  model.protocol = protocols[static_cast<int>(settings.protocol)];
  model.servers = std::to_string(settings.servers.size());
  model.metadata = {{"protocol", model.protocol.c_str()}, {"servers", model.servers.c_str()}};
  if (!dialect.platform.empty()) model.metadata.push_back({"platform", dialect.platform.c_str()});
  model.info.struct_size = sizeof model.info;
  model.info.inputs = model.inputs.data();
  model.info.input_count = model.inputs.size();
  model.info.outputs = model.outputs.data();
  model.info.output_count = model.outputs.size();
  model.info.batching = settings.takes_rows ? SLUICE_BATCH_CONCAT : SLUICE_BATCH_NONE;
  // A call returns when its request is on its way; only those whose answers come in parts stay for them.
  model.info.max_concurrency = settings.answers_in_parts ? static_cast<int32_t>(settings.streams) : 1;
  if (settings.answers_in_parts) model.info.flags |= SLUICE_MODEL_STREAMS;
  if (settings.keeps_sequences) model.info.flags |= SLUICE_MODEL_SEQUENCES;
  if (!settings.retries) model.info.flags |= SLUICE_MODEL_NO_RETRY;
  if (settings.is_deterministic) model.info.flags |= SLUICE_MODEL_DETERMINISTIC;
  model.info.platform = "remote";
  model.info.metadata = model.metadata.data();
  model.info.metadata_count = model.metadata.size();
}

void run(sluice_model &model, const sluice_request *request) {
  if (sluice::asks_nothing(model.info, request)) return sluice::answer_nothing(model.remote->dialect->outputs, request);
  if (model.remote->settings.answers_in_parts) return model.remote->ask_for_parts(request);
  model.remote->ask(request);
}

}  // namespace

extern "C" const sluice_plugin *sluice_plugin_v1(const sluice_host *, sluice_error *) {
  static const sluice_plugin plugin = sluice::backend<sluice_model, load, run>(
      "dev.sluice.remote", "Asks models on other servers: Open Inference over HTTP and gRPC, OpenAI's dialect");
  return &plugin;
}
