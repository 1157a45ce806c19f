/* A codec of ABI 1.0, compiled for ever against the header of that release: bodies of 32-bit floats. Not to be changed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sluice_plugin.h"

struct sluice_model {
  char unused;
};

static sluice_status fail(sluice_error *error, sluice_status code, const char *message) {
  error->code = code;
  snprintf(error->message, sizeof error->message, "%s", message);
  return code;
}

static sluice_status load(const sluice_host *host, const sluice_load_args *args, sluice_model **out,
                          sluice_error *error) {
  (void)host;
  if (args->option_count > 0) return fail(error, SLUICE_INVALID_ARGUMENT, "this codec has no settings");
  *out = calloc(1, sizeof **out);
  return *out != NULL ? SLUICE_OK : fail(error, SLUICE_RESOURCE_EXHAUSTED, "out of memory");
}

static void unload(sluice_model *model) { free(model); }

static const sluice_model_info *describe(sluice_model *model) {
  (void)model;
  static const int64_t any[] = {-1};
  static const sluice_tensor_spec inputs[] = {{"body", {SLUICE_BYTES, 8, 1}, 0, NULL, "32-bit floats", {0}}};
  static const sluice_tensor_spec outputs[] = {{"values", {SLUICE_FLOAT, 32, 1}, 1, any, "The floats", {0}}};
  static const sluice_model_info info = {
      .struct_size = sizeof info, .inputs = inputs, .input_count = 1, .outputs = outputs, .output_count = 1};
  return &info;
}

static sluice_status decode(sluice_model *model, const sluice_request *const *requests, size_t count,
                            sluice_error *error) {
  (void)model, (void)count;
  const sluice_request *request = requests[0];
  if (request->input_count != 1 || request->inputs[0].dtype.code != SLUICE_BYTES) {
    return fail(error, SLUICE_INVALID_ARGUMENT, "expected one body");
  }
  const sluice_tensor *body = &request->inputs[0];
  if (body->byte_size == 0 || body->byte_size % sizeof(float) != 0) {
    return fail(error, SLUICE_INVALID_ARGUMENT, "the body is no whole number of 32-bit floats");
  }
  int64_t shape[1] = {(int64_t)(body->byte_size / sizeof(float))};
  sluice_tensor output = {.data = body->data, .device_type = SLUICE_CPU, .ndim = 1, .dtype = {SLUICE_FLOAT, 32, 1},
                          .shape = shape, .name = "values", .byte_size = body->byte_size};
  const sluice_response response = {
      .struct_size = sizeof response, .outputs = &output, .output_count = 1, .flags = SLUICE_FINAL};
  request->host->respond(request, &response);
  return SLUICE_OK;
}

static sluice_status encode(sluice_model *model, const sluice_request *const *requests, size_t count,
                            sluice_error *error) {
  static const sluice_dtype fp32 = {SLUICE_FLOAT, 32, 1};
  (void)model, (void)count;
  const sluice_request *request = requests[0];
  if (request->input_count != 1 || memcmp(&request->inputs[0].dtype, &fp32, sizeof fp32) != 0) {
    return fail(error, SLUICE_INVALID_ARGUMENT, "only one tensor of FP32 can be encoded");
  }
  int64_t offsets[2] = {0, (int64_t)request->inputs[0].byte_size};
  sluice_tensor output = {.data = request->inputs[0].data, .device_type = SLUICE_CPU, .dtype = {SLUICE_BYTES, 8, 1},
                          .name = "body", .byte_size = request->inputs[0].byte_size, .offsets = offsets};
  const sluice_response response = {
      .struct_size = sizeof response, .outputs = &output, .output_count = 1, .flags = SLUICE_FINAL};
  request->host->respond(request, &response);
  return SLUICE_OK;
}

static const char *const content_types[] = {"application/x-floats", NULL};
static const sluice_plugin plugin = {SLUICE_PLUGIN_HEAD,
                                     .id = "dev.sluice.abi-1-0.codec",
                                     .version = "1.0.0",
                                     .summary = "Bodies of 32-bit floats",
                                     .content_types = content_types,
                                     .load = load,
                                     .unload = unload,
                                     .describe = describe,
                                     .decode = decode,
                                     .encode = encode};

const sluice_plugin *sluice_plugin_v1(const sluice_host *host, sluice_error *error) {
  (void)host, (void)error;
  return &plugin;
}
