// api.h - llama.cpp's C API, from its library.
//
// Its structs are passed by value and grow from version to version: the library must be of the version whose header this
// was compiled with. `make frameworks` builds both.
#ifndef SLUICE_LLAMA_API_H
#define SLUICE_LLAMA_API_H
#include <llama.h>

#include "library.h"

namespace llm {

struct Api {
  decltype(&llama_backend_init) backend_init;
  decltype(&llama_log_set) log_set;
  decltype(&llama_model_default_params) model_defaults;
  decltype(&llama_model_load_from_file) load;
  decltype(&llama_model_free) free_model;
  decltype(&llama_model_get_vocab) vocab;
  decltype(&llama_model_n_ctx_train) trained_context;
  decltype(&llama_model_desc) description;
  decltype(&llama_model_size) model_size;
  decltype(&llama_model_chat_template) chat_template;
  decltype(&llama_model_has_encoder) has_encoder;
  decltype(&llama_context_default_params) context_defaults;
  decltype(&llama_init_from_model) init;
  decltype(&llama_free) free_context;
  decltype(&llama_get_memory) memory;
  decltype(&llama_memory_seq_rm) forget;
  decltype(&llama_batch_init) batch_init;
  decltype(&llama_batch_free) batch_free;
  decltype(&llama_decode) decode;
  decltype(&llama_vocab_n_tokens) vocabulary_size;
  decltype(&llama_vocab_get_text) token_text;
  decltype(&llama_vocab_is_eog) ends_generation;
  decltype(&llama_vocab_get_add_bos) adds_start;
  decltype(&llama_tokenize) tokenize;
  decltype(&llama_token_to_piece) piece;
  decltype(&llama_chat_apply_template) apply_template;
  decltype(&llama_sampler_chain_default_params) chain_defaults;
  decltype(&llama_sampler_chain_init) chain;
  decltype(&llama_sampler_chain_add) chain_add;
  decltype(&llama_sampler_free) free_sampler;
  decltype(&llama_sampler_sample) sample;
  decltype(&llama_sampler_init_greedy) greedy;
  decltype(&llama_sampler_init_dist) distribution;
  decltype(&llama_sampler_init_top_k) top_k;
  decltype(&llama_sampler_init_top_p) top_p;
  decltype(&llama_sampler_init_min_p) min_p;
  decltype(&llama_sampler_init_temp) temperature;
  decltype(&llama_sampler_init_penalties) penalties;
};

// Opens the library on the first call. Throws a sluice::Failure.
const Api &open_api(const sluice_host *host, const sluice_load_args *args);

}  // namespace llm

#endif
