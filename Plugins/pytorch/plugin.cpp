// plugin.cpp - what the host sees: opens PyTorch's library and then the engine, which is compiled against it, and hands
// everything on. This part needs nothing of PyTorch's, so that it can say what is missing.
#include <atomic>
#include <mutex>

#include "library.h"

namespace {

using sluice::Failure;

sluice::Library library({"PyTorch", "libtorch_cpu.so", "SLUICE_PYTORCH", nullptr, "make frameworks",
                         "pip install torch"});
sluice::Library engine_file({"the PyTorch plugin's engine", "sluice_pytorch_engine.so", "SLUICE_PYTORCH_ENGINE",
                             "sluice_pytorch_engine_v1", "make frameworks", "make -C Plugins pytorch"});
std::atomic<const sluice_plugin *> engine{nullptr};
std::mutex opening;

void open_engine(const sluice_host *host, const sluice_load_args *args) {
  const std::lock_guard<std::mutex> guard(opening);
  library.open(args);
  if (engine.load() != nullptr) return;
  // The engine needs libtorch_cpu.so and libc10.so by name: they are the ones that were opened just now.
  sluice_load_args none = {};
  none.struct_size = sizeof none;
  none.path = args->path;
  engine_file.open(&none);
  sluice_plugin_entry function = nullptr;
  engine_file.find("sluice_pytorch_engine_v1", function);
  sluice_error error = {};
  const sluice_plugin *found = function(host, &error);
  if (found == nullptr) throw Failure(SLUICE_FAILED_PRECONDITION, error.message);
  engine.store(found);
}

sluice_status load(const sluice_host *host, const sluice_load_args *args, sluice_model **out, sluice_error *error) {
  const sluice_status opened = sluice::guarded(error, [&] {
    open_engine(host, args);
    return SLUICE_OK;
  });
  return opened == SLUICE_OK ? engine.load()->load(host, args, out, error) : opened;
}

void unload(sluice_model *model) { engine.load()->unload(model); }

const sluice_model_info *describe(sluice_model *model) { return engine.load()->describe(model); }

sluice_status infer(sluice_model *model, const sluice_request *const *requests, size_t count, sluice_error *error) {
  return engine.load()->infer(model, requests, count, error);
}

sluice_plugin make_plugin() {
  sluice_plugin plugin = {};
  plugin.struct_size = sizeof plugin;
  plugin.abi_minor = SLUICE_ABI_MINOR;
  plugin.tensor_size = sizeof(sluice_tensor);
  plugin.id = "dev.sluice.pytorch";
  plugin.version = "1.0.0";
  plugin.summary = "Runs TorchScript models on PyTorch";
  plugin.load = load;
  plugin.unload = unload;
  plugin.describe = describe;
  plugin.infer = infer;
  return plugin;
}

}  // namespace

extern "C" const sluice_plugin *sluice_plugin_v1(const sluice_host *, sluice_error *) {
  static const sluice_plugin plugin = make_plugin();
  return &plugin;
}
