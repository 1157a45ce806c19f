// runtime.h - the ONNX Runtime library: found, opened and asked for its C API once per process.
#ifndef SLUICE_ONNXRUNTIME_RUNTIME_H
#define SLUICE_ONNXRUNTIME_RUNTIME_H
#include <onnxruntime_c_api.h>

#include "options.h"

namespace sluice_ort {

struct Runtime {
  const OrtApi *api;
  const char *version;  // of the library, such as "1.32.0"
  OrtEnv *environment;
  OrtMemoryInfo *cpu;
  OrtAllocator *allocator;  // ONNX Runtime's default one, for names and strings
};

// Opens the library on the first call; later calls get the same one. Where it is looked for, first match wins:
// config.library, the environment variable SLUICE_ONNXRUNTIME, beside this plugin, where the system keeps libraries.
// The library stays for the life of the process, as the plugin does. Returns null with `error` filled in when there
// is no usable library, or when `config.library` names another one than the process already has.
const Runtime *open_runtime(const sluice_host *host, const sluice_load_args *args, sluice_error *error);

// The one that open_runtime() has opened: there is one a process.
const Runtime &opened_runtime();

// Turns a failed status into an error that starts with `doing`, and frees it. While a request is `running`, whatever
// may quote its data is left out.
sluice_status take_status(const Runtime &runtime, OrtStatus *status, bool running, const char *doing,
                          sluice_error *error);

}  // namespace sluice_ort

#endif
