#include "api.h"

namespace llm {
namespace {

sluice::Library library({"llama.cpp", "libllama.so", "SLUICE_LLAMA", "llama_decode", "make frameworks",
                         "cmake llama.cpp with BUILD_SHARED_LIBS"});

void log_to_host(ggml_log_level level, const char *text, void *context) {
  const auto *host = static_cast<const sluice_host *>(context);
  if (level != GGML_LOG_LEVEL_WARN && level != GGML_LOG_LEVEL_ERROR) return;
  const int32_t told = level == GGML_LOG_LEVEL_WARN ? SLUICE_LOG_WARN : SLUICE_LOG_ERROR;
  if (static_cast<uint32_t>(told) < host->log_level) return;
  std::string line = std::string(text).substr(0, 500);
  while (!line.empty() && line.back() == '\n') line.pop_back();
  if (!line.empty()) host->log(host, told, line.c_str());
}

Api find_api(const sluice_host *host) {
  Api api = {};
  library.find("llama_backend_init", api.backend_init);
  library.find("llama_log_set", api.log_set);
  library.find("llama_model_default_params", api.model_defaults);
  library.find("llama_model_load_from_file", api.load);
  library.find("llama_model_free", api.free_model);
  library.find("llama_model_get_vocab", api.vocab);
  library.find("llama_model_n_ctx_train", api.trained_context);
  library.find("llama_model_desc", api.description);
  library.find("llama_model_size", api.model_size);
  library.find("llama_model_chat_template", api.chat_template);
  library.find("llama_model_has_encoder", api.has_encoder);
  library.find("llama_context_default_params", api.context_defaults);
  library.find("llama_init_from_model", api.init);
  library.find("llama_free", api.free_context);
  library.find("llama_get_memory", api.memory);
  library.find("llama_memory_seq_rm", api.forget);
  library.find("llama_batch_init", api.batch_init);
  library.find("llama_batch_free", api.batch_free);
  library.find("llama_decode", api.decode);
  library.find("llama_vocab_n_tokens", api.vocabulary_size);
  library.find("llama_vocab_get_text", api.token_text);
  library.find("llama_vocab_is_eog", api.ends_generation);
  library.find("llama_vocab_get_add_bos", api.adds_start);
  library.find("llama_tokenize", api.tokenize);
  library.find("llama_token_to_piece", api.piece);
  library.find("llama_chat_apply_template", api.apply_template);
  library.find("llama_sampler_chain_default_params", api.chain_defaults);
  library.find("llama_sampler_chain_init", api.chain);
  library.find("llama_sampler_chain_add", api.chain_add);
  library.find("llama_sampler_free", api.free_sampler);
  library.find("llama_sampler_sample", api.sample);
  library.find("llama_sampler_init_greedy", api.greedy);
  library.find("llama_sampler_init_dist", api.distribution);
  library.find("llama_sampler_init_top_k", api.top_k);
  library.find("llama_sampler_init_top_p", api.top_p);
  library.find("llama_sampler_init_min_p", api.min_p);
  library.find("llama_sampler_init_temp", api.temperature);
  library.find("llama_sampler_init_penalties", api.penalties);
  api.log_set(log_to_host, const_cast<sluice_host *>(host));
  api.backend_init();
  return api;
}

}  // namespace

const Api &open_api(const sluice_host *host, const sluice_load_args *args) {
  library.open(args);
  static const Api api = find_api(host);
  return api;
}

}  // namespace llm
