#include "session.h"

#include <strings.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

namespace sluice_ort {
namespace {

constexpr char provider_end[] = "ExecutionProvider";

std::string without_end(std::string name) {
  const size_t end = sizeof provider_end - 1;
  if (name.size() > end && strcasecmp(name.c_str() + name.size() - end, provider_end) == 0) name.resize(name.size() - end);
  return name;
}

// The pairs below `prefix`, which ends with a dot.
Pairs pairs_below(const sluice_load_args *args, const std::string &prefix) {
  Pairs pairs;
  for (size_t i = 0; i < args->option_count; i++) {
    const sluice_kv &option = args->options[i];
    if (std::strncmp(option.key, prefix.c_str(), prefix.size()) == 0) {
      pairs.emplace_back(option.key + prefix.size(), option.value);
    }
  }
  return pairs;
}

// One text, or a list of them.
std::vector<std::string> texts(const sluice_load_args *args, const std::string &key) {
  std::vector<std::string> found;
  if (const char *only = option_text(args, key.c_str(), nullptr)) found.push_back(only);
  for (size_t i = 0;; i++) {
    const char *text = option_text(args, (key + "." + std::to_string(i)).c_str(), nullptr);
    if (text == nullptr) return found;
    found.push_back(text);
  }
}

sluice_status read_providers(const sluice_load_args *args, std::vector<Provider> &providers, sluice_error *error) {
  if (const char *only = option_text(args, "providers", nullptr)) providers.push_back({without_end(only), {}});
  for (size_t i = 0;; i++) {
    const std::string place = "providers." + std::to_string(i);
    if (const char *name = option_text(args, place.c_str(), nullptr)) {
      providers.push_back({without_end(name), {}});
      continue;
    }
    Provider provider;
    for (auto &[key, value] : pairs_below(args, place + ".")) {
      if (key == "name") {
        provider.name = without_end(value);
      } else {
        provider.options.emplace_back(key, value);
      }
    }
    if (provider.name.empty() && provider.options.empty()) break;
    if (provider.name.empty()) {
      return fail(error, SLUICE_INVALID_ARGUMENT, "config.%s.name is missing: it says which provider has these options", place.c_str());
    }
    providers.push_back(std::move(provider));
  }
  return SLUICE_OK;
}

// The names that the library was built with, as it has them.
OrtStatus *read_available(const OrtApi &api, std::vector<std::string> &names) {
  char **found = nullptr;
  int count = 0;
  if (OrtStatus *status = api.GetAvailableProviders(&found, &count)) return status;
  for (int i = 0; i < count; i++) names.push_back(without_end(found[i]));
  return api.ReleaseAvailableProviders(found, count);
}

// These two have options of a type of their own.
template <class Options, class Create, class Update, class Append, class Release>
OrtStatus *append_own(OrtSessionOptions *options, const std::vector<const char *> &keys, const std::vector<const char *> &values,
                      Create create, Update update, Append append, Release release) {
  Options *own = nullptr;
  OrtStatus *status = create(&own);
  if (status == nullptr && !keys.empty()) status = update(own, keys.data(), values.data(), keys.size());
  if (status == nullptr) status = append(options, own);
  if (own != nullptr) release(own);
  return status;
}

OrtStatus *append(const OrtApi &api, const Provider &provider, OrtSessionOptions *options) {
  std::vector<const char *> keys, values;
  for (const auto &[key, value] : provider.options) {
    keys.push_back(key.c_str());
    values.push_back(value.c_str());
  }
  if (provider.name == "CUDA") {
    return append_own<OrtCUDAProviderOptionsV2>(options, keys, values, api.CreateCUDAProviderOptions,
                                                api.UpdateCUDAProviderOptions,
                                                api.SessionOptionsAppendExecutionProvider_CUDA_V2,
                                                api.ReleaseCUDAProviderOptions);
  }
  if (provider.name == "Tensorrt") {
    return append_own<OrtTensorRTProviderOptionsV2>(options, keys, values, api.CreateTensorRTProviderOptions,
                                                    api.UpdateTensorRTProviderOptions,
                                                    api.SessionOptionsAppendExecutionProvider_TensorRT_V2,
                                                    api.ReleaseTensorRTProviderOptions);
  }
  // Those that go by name have it in capitals, but for three.
  std::string name = provider.name;
  if (name != "OpenVINO" && name != "CoreML" && name != "WebGPU") {
    for (char &c : name) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return api.SessionOptionsAppendExecutionProvider(options, name.c_str(), keys.data(), values.data(), keys.size());
}

sluice_status append_providers(const Runtime &runtime, const std::vector<Provider> &wanted, OrtSessionOptions *options,
                               sluice_error *error) {
  if (wanted.empty()) return SLUICE_OK;
  std::vector<std::string> available;
  if (OrtStatus *status = read_available(*runtime.api, available)) {
    return take_status(runtime, status, false, "config.providers", error);
  }
  std::string all;
  for (const std::string &name : available) all += (all.empty() ? "" : ", ") + name;
  for (size_t i = 0; i < wanted.size(); i++) {
    Provider provider = wanted[i];
    bool is_there = false;
    for (const std::string &name : available) {
      if (strcasecmp(name.c_str(), provider.name.c_str()) != 0) continue;
      provider.name = name;
      is_there = true;
    }
    if (!is_there) {
      return fail(error, SLUICE_FAILED_PRECONDITION, "config.providers: ONNX Runtime %.32s as it is installed has no \"%.64s\"; it has %.200s",
                  runtime.version, provider.name.c_str(), all.c_str());
    }
    if (provider.name == "CPU") {
      if (i + 1 < wanted.size()) {
        return fail(error, SLUICE_INVALID_ARGUMENT, "config.providers: CPU takes all that comes to it, so nothing can stand behind it");
      }
      if (provider.options.empty()) continue;
      return fail(error, SLUICE_INVALID_ARGUMENT, "config.providers: CPU has no options here: see intra_op_threads and cpu_arena");
    }
    if (OrtStatus *status = append(*runtime.api, provider, options)) {
      const std::string doing = "config.providers: " + provider.name;
      return take_status(runtime, status, false, doing.c_str(), error);
    }
  }
  return SLUICE_OK;
}

sluice_status register_custom_ops(const Runtime &runtime, const std::vector<std::string> &files, OrtSessionOptions *options,
                                  sluice_error *error) {
  for (const std::string &file : files) {
    struct stat about;
    if (stat(file.c_str(), &about) != 0) {
      return fail(error, SLUICE_NOT_FOUND, "config.custom_ops: %.380s: %s", file.c_str(), std::strerror(errno));
    }
    if (OrtStatus *status = runtime.api->RegisterCustomOpsLibrary_V2(options, file.c_str())) {
      return take_status(runtime, status, false, "config.custom_ops", error);
    }
  }
  return SLUICE_OK;
}

}  // namespace

sluice_status read_session_settings(const sluice_load_args *args, SessionSettings &settings, sluice_error *error) {
  static const char *const optimizations[] = {"none", "basic", "extended", "all", nullptr};
  static const char *const executions[] = {"sequential", "parallel", nullptr};
  static const char *const levels[] = {"verbose", "info", "warning", "error", "fatal", nullptr};
  if (option_integer(args, "intra_op_threads", 0, 1024, &settings.intra_op_threads, error) != SLUICE_OK ||
      option_integer(args, "inter_op_threads", 0, 1024, &settings.inter_op_threads, error) != SLUICE_OK ||
      option_choice(args, "optimization", optimizations, &settings.optimization, error) != SLUICE_OK ||
      option_choice(args, "execution", executions, &settings.execution, error) != SLUICE_OK ||
      option_choice(args, "log", levels, &settings.log, error) != SLUICE_OK ||
      option_boolean(args, "spinning", &settings.spinning, error) != SLUICE_OK ||
      option_boolean(args, "memory_pattern", &settings.memory_pattern, error) != SLUICE_OK ||
      option_boolean(args, "cpu_arena", &settings.cpu_arena, error) != SLUICE_OK ||
      option_boolean(args, "deterministic", &settings.deterministic, error) != SLUICE_OK ||
      read_providers(args, settings.providers, error) != SLUICE_OK) {
    return error->code;
  }
  for (const std::string &file : texts(args, "custom_ops")) {
    settings.custom_ops.push_back(file[0] == '/' ? file : std::string(args->path) + "/" + file);
  }
  settings.entries = pairs_below(args, "session.");
  for (const auto &[name, text] : pairs_below(args, "dimensions.")) {
    int64_t size = 0;
    if (option_integer(args, ("dimensions." + name).c_str(), 1, INT32_MAX, &size, error) != SLUICE_OK) return error->code;
    settings.dimensions.emplace_back(name, size);
  }
  return SLUICE_OK;
}

sluice_status configure_session(const Runtime &runtime, const SessionSettings &settings, OrtSessionOptions *options,
                                sluice_error *error) {
  static const GraphOptimizationLevel optimizations[] = {ORT_DISABLE_ALL, ORT_ENABLE_BASIC, ORT_ENABLE_EXTENDED,
                                                         ORT_ENABLE_ALL};
  const OrtApi &api = *runtime.api;
  const char *spinning = settings.spinning ? "1" : "0";
  OrtStatus *status = api.SetIntraOpNumThreads(options, static_cast<int>(settings.intra_op_threads));
  if (status == nullptr) status = api.SetInterOpNumThreads(options, static_cast<int>(settings.inter_op_threads));
  if (status == nullptr) status = api.SetSessionGraphOptimizationLevel(options, optimizations[settings.optimization]);
  if (status == nullptr) {
    status = api.SetSessionExecutionMode(options, settings.execution == 0 ? ORT_SEQUENTIAL : ORT_PARALLEL);
  }
  if (status == nullptr) status = api.SetSessionLogSeverityLevel(options, settings.log);
  if (status == nullptr) status = api.AddSessionConfigEntry(options, "session.intra_op.allow_spinning", spinning);
  if (status == nullptr) status = api.AddSessionConfigEntry(options, "session.inter_op.allow_spinning", spinning);
  if (status == nullptr && !settings.memory_pattern) status = api.DisableMemPattern(options);
  if (status == nullptr && !settings.cpu_arena) status = api.DisableCpuMemArena(options);
  if (status == nullptr && settings.deterministic) status = api.SetDeterministicCompute(options, true);
  for (const auto &[name, size] : settings.dimensions) {
    if (status == nullptr) status = api.AddFreeDimensionOverrideByName(options, name.c_str(), size);
  }
  for (const auto &[key, value] : settings.entries) {
    if (status == nullptr) status = api.AddSessionConfigEntry(options, key.c_str(), value.c_str());
  }
  if (status != nullptr) return take_status(runtime, status, false, "configuring the session", error);
  if (append_providers(runtime, settings.providers, options, error) != SLUICE_OK) return error->code;
  return register_custom_ops(runtime, settings.custom_ops, options, error);
}

}  // namespace sluice_ort
