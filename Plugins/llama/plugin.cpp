// plugin.cpp - what the host sees: one text in, parts of a text out.
#include <algorithm>

#include "answer.h"
#include "backend.h"
#include "engine.h"
#include "file.h"
#include "prompt.h"
#include "settings.h"

struct sluice_model {
  const llm::Api *api = nullptr;
  llama_model *model = nullptr;
  llm::Sampling sampling;
  std::unique_ptr<llm::Prompts> prompts;
  std::unique_ptr<llm::Engine> engine;
  std::string description, chats;
  sluice_kv metadata[2];
  sluice_model_info info = {};

  ~sluice_model() {
    engine.reset();
    if (model != nullptr) api->free_model(model);
  }
};

namespace {

using sluice::Failure;

void load(const sluice_host *host, const sluice_load_args *args, sluice_model &model) {
  const sluice::Settings settings(
      args, {"file", "library", "slots", "context", "threads", "prompt_batch", "gpu_layers", "chat_template",
             "temperature", "top_p", "top_k", "min_p", "repeat_penalty", "frequency_penalty", "presence_penalty",
             "seed", "max_tokens"});
  const sluice::ModelFile file = sluice::model_file(args, "the .gguf file of the model");
  const auto processors = static_cast<int64_t>(std::thread::hardware_concurrency());
  llm::Engine::Settings engine;
  engine.slots = static_cast<int32_t>(settings.integer("slots", 4, 1, 256));
  // The gateway wants a processor, too, and threads that wait for one another suffer where there aren't enough.
  engine.threads = static_cast<int32_t>(settings.integer("threads", std::max<int64_t>(1, processors / 2), 1, 1024));
  engine.batch = static_cast<int32_t>(settings.integer("prompt_batch", 256, engine.slots, 1 << 16));
  const int64_t context = settings.integer("context", 0, 16, 1 << 24);
  const int64_t gpu_layers = settings.integer("gpu_layers", 0, 0, INT32_MAX);
  model.sampling = llm::sampling_of(args);

  const llm::Api &api = llm::open_api(host, args);
  model.api = &api;
  llama_model_params params = api.model_defaults();
  params.n_gpu_layers = static_cast<int32_t>(gpu_layers);
  model.model = api.load(file.path.c_str(), params);
  if (model.model == nullptr) {
    throw Failure(SLUICE_INVALID_ARGUMENT,
                  "config.file: llama.cpp can't load " + file.path.substr(0, 300) + "; its own words are in the log");
  }
  if (api.has_encoder(model.model)) {
    throw Failure(SLUICE_UNIMPLEMENTED, "config.file: the model has an encoder: this plugin runs those that only write");
  }
  const int64_t trained = std::max(16, api.trained_context(model.model));
  engine.context = static_cast<uint32_t>(context == 0 ? std::min<int64_t>(trained, 4096) : context);
  const char *own = api.chat_template(model.model, nullptr);
  std::string chat_template = settings.text("chat_template");
  const bool is_told = !chat_template.empty();
  if (!is_told && own != nullptr) chat_template = own;
  model.prompts =
      std::make_unique<llm::Prompts>(api, api.vocab(model.model), std::move(chat_template), engine.context);
  const bool chats = model.prompts->takes_chats();
  if (is_told && !chats) {
    throw Failure(SLUICE_INVALID_ARGUMENT, "config.chat_template: llama.cpp knows no such template");
  }
  model.engine = std::make_unique<llm::Engine>(api, model.model, engine);

  char text[128] = "";
  api.description(model.model, text, sizeof text);
  model.description = text;
  model.chats = chats ? "by the model's template" : "no: llama.cpp knows no template for it";
  model.metadata[0] = {"description", model.description.c_str()};
  model.metadata[1] = {"chats", model.chats.c_str()};
  static const int64_t one[] = {1};
  static const sluice_tensor_spec prompt = {"prompt", {SLUICE_BYTES, 8, 1}, 1, one, "what the text begins with", {0}};
  static const sluice_tensor_spec answer = {"text", {SLUICE_BYTES, 8, 1}, 1, one, "what follows, in parts", {0}};
  model.info.struct_size = sizeof model.info;
  model.info.inputs = &prompt;
  model.info.input_count = 1;
  model.info.outputs = &answer;
  model.info.output_count = 1;
  model.info.batching = SLUICE_BATCH_NONE;
  model.info.max_concurrency = engine.slots;
  model.info.flags = SLUICE_MODEL_STREAMS;
  model.info.memory_bytes = api.model_size(model.model);
  model.info.platform = "llama_cpp_gguf";
  model.info.metadata = model.metadata;
  model.info.metadata_count = 2;
}

sluice_status send(const sluice_request *request, const std::string &text, uint32_t flags,
                   const std::vector<sluice_kv> &params) {
  sluice::Answer answer(request);
  if (output_is_wanted(request, "text")) answer.add_texts("text", {1}, {&text});
  return answer.send(flags, params);
}

void run(sluice_model &model, const sluice_request *request) {
  if (request->input_count != 1 || request->inputs[0].dtype.code != SLUICE_BYTES ||
      std::strcmp(request->inputs[0].name, "prompt") != 0 || request->inputs[0].ndim != 1 ||
      request->inputs[0].shape[0] != 1) {
    throw Failure(SLUICE_INVALID_ARGUMENT, "the model takes one text, \"prompt\"");
  }
  const llm::Sampling sampling = llm::sampling_of(model.sampling, request);
  std::vector<llama_token> prompt = model.prompts->of(request);
  const std::string prompt_tokens = std::to_string(prompt.size());
  const auto conversation = std::make_shared<llm::Conversation>(*model.api, model.api->vocab(model.model), request,
                                                                std::move(prompt), sampling);
  model.engine->submit(conversation);
  std::string text;
  llm::Outcome outcome;
  bool is_read = true, is_answered = false;
  while (!conversation->next(text, outcome)) {
    if (!is_read) continue;
    // The engine must not be left with a request that has ended: whatever happens, its end is waited for.
    try {
      is_read = send(request, text, 0, {}) == SLUICE_OK;
      is_answered = true;
    } catch (const Failure &) {
      is_read = false;
    }
    if (!is_read) conversation->abandon();
  }
  if (outcome.status != SLUICE_OK) {
    if (!is_answered) throw Failure(outcome.status, outcome.problem);
    return sluice::send_error(request, outcome.status, outcome.problem);
  }
  const std::string completion_tokens = std::to_string(outcome.completion_tokens);
  try {
    send(request, text, SLUICE_FINAL,
         {{"finish_reason", outcome.finish_reason},
          {"prompt_tokens", prompt_tokens.c_str()},
          {"completion_tokens", completion_tokens.c_str()}});
  } catch (const Failure &failure) {
    if (!is_answered) throw;
    sluice::send_error(request, failure.code, failure.what());
  }
}

}  // namespace

extern "C" const sluice_plugin *sluice_plugin_v1(const sluice_host *, sluice_error *) {
  static const sluice_plugin plugin =
      sluice::backend<sluice_model, load, run>("dev.sluice.llama", "Runs .gguf language models on llama.cpp");
  return &plugin;
}
