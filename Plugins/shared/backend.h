// backend.h - the table of functions of a plugin that loads models and answers requests one by one: what it throws
// becomes an error.
#ifndef SLUICE_BACKEND_H
#define SLUICE_BACKEND_H
#include <memory>

#include "guard.h"

namespace sluice {

// `Load` fills in a model, `Run` answers a request or throws before anything is answered. Model is the plugin's own
// sluice_model, which has its `info`.
template <class Model, void (*Load)(const sluice_host *, const sluice_load_args *, Model &),
          void (*Run)(Model &, const sluice_request *)>
sluice_plugin backend(const char *id, const char *summary) {
  sluice_plugin plugin = {};
  plugin.struct_size = sizeof plugin;
  plugin.abi_minor = SLUICE_ABI_MINOR;
  plugin.tensor_size = sizeof(sluice_tensor);
  plugin.id = id;
  plugin.version = "1.0.0";
  plugin.summary = summary;
  plugin.load = [](const sluice_host *host, const sluice_load_args *args, sluice_model **out, sluice_error *error) {
    return guarded(error, [&] {
      auto model = std::make_unique<Model>();
      Load(host, args, *model);
      *out = model.release();
      return SLUICE_OK;
    });
  };
  plugin.unload = [](sluice_model *model) { delete static_cast<Model *>(model); };
  plugin.describe = [](sluice_model *model) -> const sluice_model_info * { return &static_cast<Model *>(model)->info; };
  plugin.infer = [](sluice_model *model, const sluice_request *const *requests, size_t, sluice_error *error) {
    return guarded(error, [&] {
      Run(*model, requests[0]);
      return SLUICE_OK;
    });
  };
  return plugin;
}

}  // namespace sluice

#endif
