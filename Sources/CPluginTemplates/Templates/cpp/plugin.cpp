// @NAME@ - answers every number of `x`, times `factor`, as `y`. Change what load() reads, what describe() declares and
// what infer() computes; the rules are in sluice_plugin.h beside this file.
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include "sluice_plugin.h"

struct sluice_model { float factor = 2; };
// No exception may leave a plugin: every function that can throw runs through here.
template <class Body> sluice_status guarded(sluice_error *error, Body body) try {
  body();
  return SLUICE_OK;
} catch (const std::exception &problem) {
  std::snprintf(error->message, sizeof error->message, "%s", problem.what());
  return error->code = dynamic_cast<const std::logic_error *>(&problem) ? SLUICE_INVALID_ARGUMENT : SLUICE_INTERNAL;
}

sluice_status load(const sluice_host *, const sluice_load_args *args, sluice_model **out, sluice_error *error) {
  return guarded(error, [&] {
    sluice_model model;
    for (size_t i = 0; i < args->option_count; i++) {
      const std::string key = args->options[i].key, value = args->options[i].value;
      if (key != "factor") throw std::invalid_argument("unknown setting \"" + key + "\"");
      char *end = nullptr;
      model.factor = std::strtof(value.c_str(), &end);
      if (value.empty() || *end != 0) throw std::invalid_argument("factor is not a number: \"" + value + "\"");
    }
    *out = new sluice_model(model);
  });
}

const sluice_model_info *describe(sluice_model *) {
  static const int64_t any[] = {-1};
  static const sluice_tensor_spec x = {"x", {SLUICE_FLOAT, 32, 1}, 1, any, "numbers", {}};
  static const sluice_tensor_spec y = {"y", {SLUICE_FLOAT, 32, 1}, 1, any, "the numbers, multiplied", {}};
  static const sluice_model_info info = {sizeof info, &x, 1, &y, 1, SLUICE_BATCH_NONE, 0, 8 /* calls at once */,
      SLUICE_MODEL_DETERMINISTIC, 0, nullptr, nullptr, 0};
  return &info;
}

sluice_status infer(sluice_model *model, const sluice_request *const *requests, size_t, sluice_error *error) {
  return guarded(error, [&] {
    const sluice_request *request = requests[0];  // one, as describe() asks for no batching
    sluice_tensor y = request->inputs[0];         // the host has checked it against describe()
    const float *from = static_cast<float *>(y.data);
    y.name = "y";
    if (request->host->new_output(request, &y) != SLUICE_OK) throw std::runtime_error("no room for y");
    for (int64_t i = 0; i < y.shape[0]; i++) static_cast<float *>(y.data)[i] = model->factor * from[i];
    const sluice_response response = {sizeof response, &y, 1, SLUICE_FINAL, nullptr, nullptr, 0};
    request->host->respond(request, &response);
  });
}

const sluice_plugin *sluice_plugin_v1(const sluice_host *, sluice_error *) {
  static const sluice_plugin plugin = {SLUICE_PLUGIN_HEAD, "org.example.@NAME@", "0.1.0", "Multiplies numbers", nullptr,
      load, [](sluice_model *model) { delete model; }, describe, infer, nullptr, nullptr, nullptr, nullptr, nullptr};
  return &plugin;
}
