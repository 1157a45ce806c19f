// sampling.h - how the next token is chosen, from the configuration and a request's parameters.
#ifndef SLUICE_LLAMA_SAMPLING_H
#define SLUICE_LLAMA_SAMPLING_H
#include <string>
#include <vector>

#include "api.h"

namespace llm {

struct Sampling {
  double temperature = 0.8, top_p = 0.95, min_p = 0.05;
  double frequency_penalty = 0, presence_penalty = 0, repeat_penalty = 1;
  int64_t top_k = 40;
  int64_t max_tokens = 512;
  int64_t seed = -1;  // -1: another one each time
  std::vector<std::string> stops;
};

// The defaults that the configuration says. Throws a Failure.
Sampling sampling_of(const sluice_load_args *args);

// What a request changes about them. Throws a Failure that names the parameter.
Sampling sampling_of(const Sampling &defaults, const sluice_request *request);

// A chain of samplers; free_sampler() frees it.
llama_sampler *make_sampler(const Api &api, const llama_vocab *vocab, const Sampling &sampling);

}  // namespace llm

#endif
