#include "sampling.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

namespace llm {
namespace {

using sluice::Failure;

struct Real {
  const char *name;
  double Sampling::*value;
  double least, most;
};
constexpr Real reals[] = {
    {"temperature", &Sampling::temperature, 0, 100},
    {"top_p", &Sampling::top_p, 0, 1},
    {"min_p", &Sampling::min_p, 0, 1},
    {"frequency_penalty", &Sampling::frequency_penalty, -2, 2},
    {"presence_penalty", &Sampling::presence_penalty, -2, 2},
    {"repeat_penalty", &Sampling::repeat_penalty, 0.01, 100},
};

struct Whole {
  const char *name;
  int64_t Sampling::*value;
  int64_t least, most;
};
constexpr Whole wholes[] = {
    {"top_k", &Sampling::top_k, 0, INT32_MAX},
    {"max_tokens", &Sampling::max_tokens, 1, INT32_MAX},
    {"max_completion_tokens", &Sampling::max_tokens, 1, INT32_MAX},
    {"seed", &Sampling::seed, INT64_MIN, INT64_MAX},
};

void read(const Real &real, const std::string &name, const char *text, Sampling &sampling) {
  char *end = nullptr;
  const double value = std::strtod(text, &end);
  if (end == text || *end != '\0' || !(value >= real.least && value <= real.most)) {
    char bounds[64];
    std::snprintf(bounds, sizeof bounds, "%g to %g", real.least, real.most);
    throw Failure(SLUICE_INVALID_ARGUMENT, name + " must be a number from " + bounds);
  }
  sampling.*real.value = value;
}

void read(const Whole &whole, const std::string &name, const char *text, Sampling &sampling) {
  char *end = nullptr;
  errno = 0;
  const long long value = std::strtoll(text, &end, 10);
  if (end == text || *end != '\0' || errno != 0 || value < whole.least || value > whole.most) {
    throw Failure(SLUICE_INVALID_ARGUMENT, name + " must be a whole number" +
                                               (whole.least > 0 ? " from " + std::to_string(whole.least) + " on" : ""));
  }
  sampling.*whole.value = value;
}

// One text, or several as a JSON list.
std::vector<std::string> stops_of(const std::string &text) {
  if (text.empty()) return {};
  if (text[0] != '[') return {text};
  const auto list = nlohmann::json::parse(text, nullptr, false);
  if (!list.is_array()) return {text};
  std::vector<std::string> stops;
  for (const auto &item : list) {
    if (!item.is_string()) return {text};
    if (!item.get_ref<const std::string &>().empty()) stops.push_back(item.get<std::string>());
  }
  return stops;
}

}  // namespace

Sampling sampling_of(const sluice_load_args *args) {
  Sampling sampling;
  for (const Real &real : reals) {
    const char *text = option_text(args, real.name, nullptr);
    if (text != nullptr) read(real, std::string("config.") + real.name, text, sampling);
  }
  for (const Whole &whole : wholes) {
    const char *text = option_text(args, whole.name, nullptr);
    if (text != nullptr) read(whole, std::string("config.") + whole.name, text, sampling);
  }
  return sampling;
}

Sampling sampling_of(const Sampling &defaults, const sluice_request *request) {
  Sampling sampling = defaults;
  for (size_t i = 0; i < request->param_count; i++) {
    const sluice_kv &param = request->params[i];
    for (const Real &real : reals) {
      if (std::strcmp(real.name, param.key) == 0) read(real, real.name, param.value, sampling);
    }
    for (const Whole &whole : wholes) {
      if (std::strcmp(whole.name, param.key) == 0) read(whole, whole.name, param.value, sampling);
    }
    if (std::strcmp(param.key, "stop") == 0) sampling.stops = stops_of(param.value);
  }
  return sampling;
}

llama_sampler *make_sampler(const Api &api, const llama_vocab *vocab, const Sampling &sampling) {
  llama_sampler *chain = api.chain(api.chain_defaults());
  const auto real = [](double value) { return static_cast<float>(value); };
  if (sampling.repeat_penalty != 1 || sampling.frequency_penalty != 0 || sampling.presence_penalty != 0) {
    api.chain_add(chain, api.penalties(api.vocabulary_size(vocab), 64, real(sampling.repeat_penalty),
                                       real(sampling.frequency_penalty), real(sampling.presence_penalty)));
  }
  if (sampling.temperature == 0) {
    api.chain_add(chain, api.greedy());
    return chain;
  }
  if (sampling.top_k > 0) api.chain_add(chain, api.top_k(static_cast<int32_t>(sampling.top_k)));
  api.chain_add(chain, api.top_p(real(sampling.top_p), 1));
  api.chain_add(chain, api.min_p(real(sampling.min_p), 1));
  api.chain_add(chain, api.temperature(real(sampling.temperature)));
  const uint32_t seed = sampling.seed == -1 ? std::random_device()() : static_cast<uint32_t>(sampling.seed);
  api.chain_add(chain, api.distribution(seed == LLAMA_DEFAULT_SEED ? 0 : seed));
  return chain;
}

}  // namespace llm
