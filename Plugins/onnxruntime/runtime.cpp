#include "runtime.h"

#include <dirent.h>
#include <dlfcn.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <string>
#include <vector>

namespace sluice_ort {
namespace {

std::mutex opening;
Runtime opened;           // guarded by opening until it is complete, constant afterwards
std::string opened_path;  // guarded by opening

// A node's own complaint may quote the values it did not like; which node it was is safe.
const char *const quotes_data_from = " Status Message:";

void ORT_API_CALL log_to_host(void *context, OrtLoggingLevel severity, const char *, const char *, const char *,
                              const char *message) {
  const auto *host = static_cast<const sluice_host *>(context);
  const int32_t level = severity <= ORT_LOGGING_LEVEL_VERBOSE   ? SLUICE_LOG_DEBUG
                        : severity == ORT_LOGGING_LEVEL_INFO    ? SLUICE_LOG_INFO
                        : severity == ORT_LOGGING_LEVEL_WARNING ? SLUICE_LOG_WARN
                                                                : SLUICE_LOG_ERROR;
  if (static_cast<uint32_t>(level) < host->log_level) return;
  const char *end = std::strstr(message, quotes_data_from);
  char text[512];
  std::snprintf(text, sizeof text, "%.*s", static_cast<int>(end == nullptr ? 500 : std::min<long>(end - message, 500)),
                message);
  host->log(host, level, text);
}

// The folder that this plugin's file is in, or "" when the linker does not know.
std::string own_folder() {
  Dl_info info;
  if (dladdr(reinterpret_cast<const void *>(&opened), &info) == 0 || info.dli_fname == nullptr) return "";
  const std::string file = info.dli_fname;
  const size_t slash = file.rfind('/');
  return slash == std::string::npos ? "." : file.substr(0, slash);
}

// Files called libonnxruntime.so* in a folder, the shortest name first: libonnxruntime.so.1 before .so.1.32.0.
std::vector<std::string> libraries_in(const std::string &folder) {
  std::vector<std::string> found;
  if (DIR *directory = opendir(folder.c_str())) {
    while (const dirent *entry = readdir(directory)) {
      if (std::strncmp(entry->d_name, "libonnxruntime.so", 17) == 0) found.push_back(folder + "/" + entry->d_name);
    }
    closedir(directory);
  }
  std::sort(found.begin(), found.end(), [](const std::string &a, const std::string &b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  return found;
}

struct Candidates {
  std::vector<std::string> paths;
  const char *named_by;  // the setting that leaves no choice, or null
};

Candidates candidates(const sluice_load_args *args) {
  if (const char *configured = option_text(args, "library", nullptr)) {
    return {{configured[0] == '/' ? configured : std::string(args->path) + "/" + configured}, "config.library"};
  }
  const char *environment = std::getenv("SLUICE_ONNXRUNTIME");
  if (environment != nullptr && environment[0] != '\0') return {{environment}, "SLUICE_ONNXRUNTIME"};
  std::vector<std::string> paths = libraries_in(own_folder());
  paths.insert(paths.end(), {"libonnxruntime.so.1", "libonnxruntime.so"});
  return {paths, nullptr};
}

sluice_status open_once(const sluice_host *host, const Candidates &from, sluice_error *error) {
  void *library = nullptr;
  std::string path;
  for (const std::string &candidate : from.paths) {
    library = dlopen(candidate.c_str(), RTLD_NOW | RTLD_LOCAL);
    path = candidate;
    if (library != nullptr) break;
  }
  if (library == nullptr && from.named_by != nullptr) {
    const char *why = dlerror();
    return fail(error, SLUICE_FAILED_PRECONDITION, "%s: cannot load the ONNX Runtime library: %.360s", from.named_by,
                why == nullptr ? path.c_str() : why);
  }
  if (library == nullptr) {
    return fail(error, SLUICE_FAILED_PRECONDITION,
                "libonnxruntime.so is neither beside this plugin nor where the system keeps libraries: "
                "run `make deps`, or name the file with config.library");
  }
  void *symbol = dlsym(library, "OrtGetApiBase");
  if (symbol == nullptr) {
    dlclose(library);
    return fail(error, SLUICE_FAILED_PRECONDITION, "%.300s is not ONNX Runtime: it has no OrtGetApiBase", path.c_str());
  }
  const auto get_base = reinterpret_cast<const OrtApiBase *(*)()>(symbol);
  const OrtApiBase *base = get_base();
  Runtime runtime = {};
  runtime.version = base->GetVersionString();
  runtime.api = base->GetApi(ORT_API_VERSION);
  if (runtime.api == nullptr) {
    return fail(error, SLUICE_FAILED_PRECONDITION, "%.300s is ONNX Runtime %.32s: at least 1.%d is needed",
                path.c_str(), runtime.version, ORT_API_VERSION);
  }
  OrtStatus *status = runtime.api->CreateEnvWithCustomLogger(log_to_host, const_cast<sluice_host *>(host),
                                                             ORT_LOGGING_LEVEL_WARNING, "sluice", &runtime.environment);
  if (status == nullptr) status = runtime.api->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &runtime.cpu);
  if (status == nullptr) status = runtime.api->GetAllocatorWithDefaultOptions(&runtime.allocator);
  if (status != nullptr) return take_status(runtime, status, false, "starting ONNX Runtime", error);
  opened = runtime;
  opened_path = path;
  return SLUICE_OK;
}

}  // namespace

const Runtime *open_runtime(const sluice_host *host, const sluice_load_args *args, sluice_error *error) {
  const std::lock_guard<std::mutex> guard(opening);
  const Candidates from = candidates(args);
  if (opened.api == nullptr) {
    if (open_once(host, from, error) != SLUICE_OK) return nullptr;
  } else if (from.named_by != nullptr && from.paths[0] != opened_path) {
    fail(error, SLUICE_FAILED_PRECONDITION, "%s: this process already runs on the ONNX Runtime library %.300s",
         from.named_by, opened_path.c_str());
    return nullptr;
  }
  return &opened;
}

const Runtime &opened_runtime() { return opened; }

sluice_status take_status(const Runtime &runtime, OrtStatus *status, bool running, const char *doing,
                          sluice_error *error) {
  const OrtErrorCode code = runtime.api->GetErrorCode(status);
  std::string text = runtime.api->GetErrorMessage(status);
  runtime.api->ReleaseStatus(status);

  const size_t quoted = text.find(quotes_data_from);
  if (quoted != std::string::npos) {
    text.resize(quoted);
  } else if (running && code != ORT_INVALID_ARGUMENT) {
    text = "the model failed";
  }
  sluice_status mapped = SLUICE_INTERNAL;
  switch (code) {
    case ORT_INVALID_ARGUMENT:
      mapped = SLUICE_INVALID_ARGUMENT;
      break;
    case ORT_NO_SUCHFILE:
    case ORT_NO_MODEL:
      mapped = SLUICE_NOT_FOUND;
      break;
    case ORT_INVALID_PROTOBUF:
    case ORT_INVALID_GRAPH:
      mapped = SLUICE_FAILED_PRECONDITION;
      break;
    case ORT_NOT_IMPLEMENTED:
      mapped = SLUICE_UNIMPLEMENTED;
      break;
    default:
      break;
  }
  return fail(error, mapped, "%s: %.400s", doing, text.c_str());
}

}  // namespace sluice_ort
