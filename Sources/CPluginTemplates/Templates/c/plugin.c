/* @NAME@ - answers every number of `x`, times `factor`, as `y`. Change what load() reads, what describe() declares and
 * what infer() computes; the rules are in sluice_plugin.h beside this file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sluice_plugin.h"

struct sluice_model { float factor; };

static sluice_status fail(sluice_error *error, sluice_status code, const char *reason, const char *detail) {
  error->code = code;
  snprintf(error->message, sizeof error->message, "%s \"%.64s\"", reason, detail);
  return code;
}

static sluice_status load(const sluice_host *host, const sluice_load_args *args, sluice_model **out,
                          sluice_error *error) {
  float factor = 2;
  for (size_t i = 0; i < args->option_count; i++) {
    const sluice_kv option = args->options[i];
    char *end = NULL;
    if (strcmp(option.key, "factor")) return fail(error, SLUICE_INVALID_ARGUMENT, "unknown setting", option.key);
    factor = strtof(option.value, &end);
    if (end == option.value || *end) return fail(error, SLUICE_INVALID_ARGUMENT, "not a number:", option.value);
  }
  *out = malloc(sizeof **out);
  if (*out == NULL) return fail(error, SLUICE_RESOURCE_EXHAUSTED, "no memory for", args->model);
  **out = (sluice_model){factor};
  return SLUICE_OK;
}

static void unload(sluice_model *model) { free(model); }

static const sluice_model_info *describe(sluice_model *model) {
  static const int64_t any[] = {-1};
  static const sluice_tensor_spec x = {"x", {SLUICE_FLOAT, 32, 1}, 1, any, "numbers", {0}};
  static const sluice_tensor_spec y = {"y", {SLUICE_FLOAT, 32, 1}, 1, any, "the numbers, multiplied", {0}};
  static const sluice_model_info info = {.struct_size = sizeof info, .inputs = &x, .input_count = 1, .outputs = &y,
      .output_count = 1, .max_concurrency = 8, .flags = SLUICE_MODEL_DETERMINISTIC};
  return &info;
}

static sluice_status infer(sluice_model *model, const sluice_request *const *requests, size_t count,
                           sluice_error *error) {
  const sluice_request *request = requests[0];  /* count is 1: describe() asks for no batching */
  const sluice_tensor *x = &request->inputs[0]; /* the host has checked it against describe() */
  sluice_tensor y = {.name = "y", .dtype = x->dtype, .ndim = 1, .shape = x->shape, .byte_size = x->byte_size};
  sluice_status status = request->host->new_output(request, &y);
  if (status != SLUICE_OK) return fail(error, status, "no room for", y.name);
  for (int64_t i = 0; i < x->shape[0]; i++) ((float *)y.data)[i] = model->factor * ((const float *)x->data)[i];
  request->host->respond(request, &(sluice_response){sizeof(sluice_response), &y, 1, SLUICE_FINAL, NULL, NULL, 0});
  return SLUICE_OK;
}

const sluice_plugin *sluice_plugin_v1(const sluice_host *host, sluice_error *error) {
  static const sluice_plugin plugin = {SLUICE_PLUGIN_HEAD, .id = "org.example.@NAME@", .version = "0.1.0",
      .summary = "Multiplies numbers", .load = load, .unload = unload, .describe = describe, .infer = infer};
  return &plugin;
}
