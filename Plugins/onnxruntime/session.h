// session.h - how a session is to be opened: what `config:` says of threads, optimisations, providers and custom operators.
#ifndef SLUICE_ONNXRUNTIME_SESSION_H
#define SLUICE_ONNXRUNTIME_SESSION_H
#include <string>
#include <utility>
#include <vector>

#include "runtime.h"

namespace sluice_ort {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// One that runs operators, of those that the library was built with.
struct Provider {
  std::string name;  // as the library has it, without "ExecutionProvider"
  Pairs options;
};

struct SessionSettings {
  int64_t intra_op_threads = 1;
  int64_t inter_op_threads = 1;
  int optimization = 3;
  int execution = 0;
  int log = 2;
  int spinning = 0;
  int memory_pattern = 1;
  int cpu_arena = 1;
  int deterministic = 0;
  std::vector<Provider> providers;        // in the order of preference; without any it is the CPU
  std::vector<std::string> custom_ops;    // files
  Pairs entries;                          // of ONNX Runtime's own session configuration
  std::vector<std::pair<std::string, int64_t>> dimensions;  // the free ones that are fixed
};

// May throw std::bad_alloc, as the next.
sluice_status read_session_settings(const sluice_load_args *args, SessionSettings &settings, sluice_error *error);

// Puts all of it into `options`. What the library at hand can't do is an error that says what it can.
sluice_status configure_session(const Runtime &runtime, const SessionSettings &settings, OrtSessionOptions *options,
                                sluice_error *error);

}  // namespace sluice_ort

#endif
