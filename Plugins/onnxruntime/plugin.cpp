// plugin.cpp - what the host sees. No exception leaves these functions.
#include <exception>
#include <new>

#include "model.h"

namespace {

// Runs `body`, which returns a status; what it throws becomes an error.
template <typename Body>
sluice_status guarded(sluice_error *error, const Body &body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc &) {
    return fail(error, SLUICE_RESOURCE_EXHAUSTED, "out of memory");
  } catch (const std::exception &exception) {
    return fail(error, SLUICE_INTERNAL, "unexpected: %.200s", exception.what());
  } catch (...) {
    return fail(error, SLUICE_INTERNAL, "unexpected exception");
  }
}

sluice_status load(const sluice_host *host, const sluice_load_args *args, sluice_model **out, sluice_error *error) {
  return guarded(error, [&] {
    auto model = std::make_unique<sluice_model>();
    const sluice_status status = sluice_ort::load_model(host, args, *model, error);
    if (status == SLUICE_OK) *out = model.release();
    return status;
  });
}

void unload(sluice_model *model) { delete model; }

const sluice_model_info *describe(sluice_model *model) { return &model->info; }

sluice_status infer(sluice_model *model, const sluice_request *const *requests, size_t, sluice_error *error) {
  // One request always: neither NONE nor CONCAT ever sends more.
  return guarded(error, [&] { return sluice_ort::run_model(*model, requests[0], error); });
}

sluice_plugin make_plugin() {
  sluice_plugin plugin = {};
  plugin.struct_size = sizeof plugin;
  plugin.abi_minor = SLUICE_ABI_MINOR;
  plugin.tensor_size = sizeof(sluice_tensor);
  plugin.id = "dev.sluice.onnxruntime";
  plugin.version = "1.0.0";
  plugin.summary = "Runs .onnx models on ONNX Runtime";
  plugin.load = load;
  plugin.unload = unload;
  plugin.describe = describe;
  plugin.infer = infer;
  return plugin;
}

const sluice_plugin plugin = make_plugin();

}  // namespace

extern "C" const sluice_plugin *sluice_plugin_v1(const sluice_host *, sluice_error *) { return &plugin; }
