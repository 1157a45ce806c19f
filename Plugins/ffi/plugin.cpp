// ffi - any function of a plain C library as a model, without an adapter: the configuration says its signature.
#include <cstring>
#include <memory>

#include "function.h"
#include "options.h"

struct sluice_model {
  std::unique_ptr<ffi::Function> function;
  sluice_model_info info;
};

namespace {

// No exception leaves the plugin.
template <class Body> sluice_status guarded(sluice_error *error, Body body) {
  try {
    return body();
  } catch (const std::bad_alloc &) {
    return fail(error, SLUICE_RESOURCE_EXHAUSTED, "out of memory");
  } catch (const std::exception &problem) {
    return fail(error, SLUICE_INVALID_ARGUMENT, "%s", problem.what());
  }
}

const char *required(const sluice_load_args *args, const char *key, const char *what) {
  const char *value = option_text(args, key, nullptr);
  if (value == nullptr) throw std::runtime_error(std::string("config.") + key + " is missing: " + what);
  return value;
}

// A bare name is the dynamic linker's to find; everything else starts in the folder of gateway.yaml.
std::string library_path(const sluice_load_args *args) {
  const std::string library = required(args, "library", "the .so that has the function");
  const bool is_relative = library.find('/') != std::string::npos && library[0] != '/';
  return is_relative ? std::string(args->path) + "/" + library : library;
}

sluice_status load(const sluice_host *, const sluice_load_args *args, sluice_model **out, sluice_error *error) {
  return guarded(error, [&]() -> sluice_status {
    static const char *const known[] = {"library",         "symbol",        "signature", "values",
                                        "max_concurrency", "deterministic", nullptr};
    sluice_status status = options_refuse_unknown(args, known, error);
    int64_t concurrency = 1;
    int deterministic = 0;
    if (status == SLUICE_OK) status = option_integer(args, "max_concurrency", 1, 1024, &concurrency, error);
    if (status == SLUICE_OK) status = option_boolean(args, "deterministic", &deterministic, error);
    if (status != SLUICE_OK) return status;

    std::map<std::string, std::string> values;
    for (size_t i = 0; i < args->option_count; i++) {
      const sluice_kv &option = args->options[i];
      if (std::strncmp(option.key, "values.", 7) == 0) values[option.key + 7] = option.value;
    }
    ffi::Signature signature(required(args, "signature", "as in (f32 in[n,4], i64 n, f32 out[n]) -> i32"), values);
    auto model = std::make_unique<sluice_model>();
    const char *symbol = required(args, "symbol", "the function's name");
    model->function =
        std::make_unique<ffi::Function>(library_path(args), symbol, std::move(signature), values, args->model);
    model->info = {};
    model->info.struct_size = sizeof model->info;
    model->info.inputs = model->function->inputs().data();
    model->info.input_count = model->function->inputs().size();
    model->info.outputs = model->function->outputs().data();
    model->info.output_count = model->function->outputs().size();
    model->info.max_concurrency = static_cast<int32_t>(concurrency);
    model->info.flags = deterministic ? uint32_t{SLUICE_MODEL_DETERMINISTIC} : 0;
    model->info.platform = "c_function";
    *out = model.release();
    return status;
  });
}

void unload(sluice_model *model) { delete model; }

const sluice_model_info *describe(sluice_model *model) { return &model->info; }

sluice_status infer(sluice_model *model, const sluice_request *const *requests, size_t, sluice_error *error) {
  try {
    return model->function->answer(requests[0], error);
  } catch (const std::bad_alloc &) {
    return fail(error, SLUICE_RESOURCE_EXHAUSTED, "out of memory");
  } catch (...) { // a C++ library's own exception, before anything was answered
    return fail(error, SLUICE_INTERNAL, "the function threw an exception");
  }
}

}  // namespace

const sluice_plugin *sluice_plugin_v1(const sluice_host *, sluice_error *) {
  static const sluice_plugin plugin = {SLUICE_PLUGIN_HEAD, "dev.sluice.ffi", "1.0.0",
                                       "Functions of plain C libraries", nullptr, load, unload, describe, infer,
                                       nullptr, nullptr, nullptr, nullptr, nullptr};
  return &plugin;
}
