/* breach.h - a plugin that keeps the contract, for files that each break one rule of it.
 *
 * OUTPUT0 = 2 * INPUT0 and SUM = the sum of each row; FP32, four columns. Each file replaces the one function that it
 * breaks; none.c replaces nothing and passes every rule. The faults are deliberate: do not copy code from here. */
#ifndef BREACH_H
#define BREACH_H
#include <pthread.h>
#include <time.h>

#include "options.h"

enum { COLUMNS = 4 };

#ifndef BATCHING
#define BATCHING SLUICE_BATCH_CONCAT
#endif
#ifndef FLAGS
#define FLAGS SLUICE_MODEL_DETERMINISTIC
#endif
#ifndef INPUT_TYPE
#define INPUT_TYPE {SLUICE_FLOAT, 32, 1}
#endif

struct sluice_model {
  const sluice_host *host;
  float scale;
  uint32_t metric;
  void *more; /* for a breach's own use */
  int64_t input_shape[2], sum_shape[2];
  sluice_tensor_spec inputs[1], outputs[2];
  sluice_model_info info;
};

__attribute__((unused)) static void sleep_ms(int ms) {
  struct timespec time = {ms / 1000, (ms % 1000) * 1000000L};
  nanosleep(&time, NULL);
}

__attribute__((unused)) static sluice_status good_load(const sluice_host *host, const sluice_load_args *args,
                                                       sluice_model **out, sluice_error *error) {
  static const char *const known[] = {"scale", NULL};
  int64_t scale = 2;
  sluice_status status = options_refuse_unknown(args, known, error);
  if (status == SLUICE_OK) status = option_integer(args, "scale", 1, 100, &scale, error);
  if (status != SLUICE_OK) return status;
  struct sluice_model *model = calloc(1, sizeof *model);
  if (model == NULL) return fail(error, SLUICE_RESOURCE_EXHAUSTED, "out of memory");
  model->host = host;
  model->scale = (float)scale;
  int rows_declared = BATCHING == SLUICE_BATCH_NONE; /* then the rows are a dimension like any other */
  int64_t rows_first[2] = {-1, COLUMNS}, columns_only[2] = {COLUMNS, 0};
  memcpy(model->input_shape, rows_declared ? rows_first : columns_only, sizeof rows_first);
  model->sum_shape[0] = rows_declared ? -1 : 1;
  model->sum_shape[1] = 1;
  sluice_dtype input_type = INPUT_TYPE, output_type = {SLUICE_FLOAT, 32, 1};
  int32_t rank = rows_declared ? 2 : 1;
  model->inputs[0] = (sluice_tensor_spec){"INPUT0", input_type, rank, model->input_shape, "Numbers", {0}};
  model->outputs[0] = (sluice_tensor_spec){"OUTPUT0", output_type, rank, model->input_shape, "Twice as much", {0}};
  model->outputs[1] = (sluice_tensor_spec){"SUM", output_type, rank, model->sum_shape, "Each row's sum", {0}};
  model->info = (sluice_model_info){.struct_size = sizeof model->info,
                                    .inputs = model->inputs,
                                    .input_count = 1,
                                    .outputs = model->outputs,
                                    .output_count = 2,
                                    .batching = BATCHING,
                                    .max_concurrency = 8,
                                    .flags = FLAGS};
  *out = model;
  return SLUICE_OK;
}

__attribute__((unused)) static void good_unload(sluice_model *model) { free(model); }

__attribute__((unused)) static const sluice_model_info *good_describe(sluice_model *model) { return &model->info; }

/* The declared input, or NULL with an error. */
__attribute__((unused)) static const sluice_tensor *good_input(sluice_model *model, const sluice_request *request,
                                                               sluice_error *error) {
  const sluice_tensor *input = NULL;
  for (size_t i = 0; i < request->input_count; i++) {
    if (strcmp(request->inputs[i].name, "INPUT0") == 0) input = &request->inputs[i];
  }
  if (input == NULL) {
    fail(error, SLUICE_INVALID_ARGUMENT, "input \"INPUT0\" is missing");
  } else if (memcmp(&input->dtype, &model->inputs[0].dtype, sizeof input->dtype) != 0) {
    fail(error, SLUICE_INVALID_ARGUMENT, "INPUT0 is %s", datatype_name(input->dtype));
  } else if (input->ndim != 2 || input->shape[1] != COLUMNS) {
    fail(error, SLUICE_INVALID_ARGUMENT, "INPUT0 has %d dimensions, or not %d columns", input->ndim, COLUMNS);
  } else {
    return input;
  }
  return NULL;
}

/* Twice the input, in memory of the caller's to free; NULL without any. */
__attribute__((unused)) static float *doubled(sluice_model *model, const sluice_tensor *input) {
  size_t count = (size_t)(input->shape[0] * COLUMNS);
  float *values = malloc((count + 1) * sizeof *values);
  for (size_t i = 0; values != NULL && i < count; i++) values[i] = ((const float *)input->data)[i] * model->scale;
  return values;
}

/* Each row's sum of what doubled() made, in memory of the caller's to free; NULL without any. */
__attribute__((unused)) static float *sums_of(const float *values, const sluice_tensor *input) {
  float *sums = calloc((size_t)input->shape[0] + 1, sizeof *sums);
  for (int64_t i = 0; sums != NULL && values != NULL && i < input->shape[0] * COLUMNS; i++) {
    sums[i / COLUMNS] += values[i];
  }
  return sums;
}

__attribute__((unused)) static sluice_tensor output_of(const char *name, float *data, int64_t *shape) {
  return (sluice_tensor){.data = data,
                         .device_type = SLUICE_CPU,
                         .ndim = 2,
                         .dtype = {SLUICE_FLOAT, 32, 1},
                         .shape = shape,
                         .name = name,
                         .byte_size = (uint64_t)(shape[0] * shape[1]) * sizeof(float)};
}

__attribute__((unused)) static sluice_status send(const sluice_request *request, sluice_tensor *outputs, size_t count,
                                                  uint32_t flags) {
  const sluice_response response = {
      .struct_size = sizeof response, .outputs = outputs, .output_count = count, .flags = flags};
  return request->host->respond(request, &response);
}

__attribute__((unused)) static sluice_status send_error(const sluice_request *request, const sluice_error *error,
                                                        uint32_t flags) {
  const sluice_response response = {.struct_size = sizeof response, .flags = flags, .error = error};
  return request->host->respond(request, &response);
}

/* Responds with both outputs, or those that are wanted, in borrowed memory. */
__attribute__((unused)) static sluice_status good_answer(sluice_model *model, const sluice_request *request,
                                                         uint32_t flags, sluice_error *error) {
  const sluice_tensor *input = good_input(model, request, error);
  if (input == NULL) return error->code;
  int64_t rows = input->shape[0], shape[2] = {rows, COLUMNS}, sum_shape[2] = {rows, 1};
  float *values = doubled(model, input), *sums = sums_of(values, input);
  if (values == NULL || sums == NULL) {
    free(values);
    free(sums);
    return fail(error, SLUICE_RESOURCE_EXHAUSTED, "out of memory");
  }
  sluice_tensor outputs[2];
  size_t count = 0;
  if (output_is_wanted(request, "OUTPUT0")) outputs[count++] = output_of("OUTPUT0", values, shape);
  if (output_is_wanted(request, "SUM")) outputs[count++] = output_of("SUM", sums, sum_shape);
  send(request, outputs, count, flags);
  free(values);
  free(sums);
  return SLUICE_OK;
}

__attribute__((unused)) static sluice_status good_infer(sluice_model *model, const sluice_request *const *requests,
                                                        size_t count, sluice_error *error) {
  if (count == 1) return good_answer(model, requests[0], SLUICE_FINAL, error);
  for (size_t i = 0; i < count; i++) {
    sluice_error own = {0};
    if (good_answer(model, requests[i], SLUICE_FINAL, &own) != SLUICE_OK) send_error(requests[i], &own, SLUICE_FINAL);
  }
  return SLUICE_OK;
}

/* The entry of a plugin with these functions; more fields may follow. */
#define PLUGIN(load_, unload_, describe_, infer_, ...)                                      \
  static const sluice_plugin plugin = {SLUICE_PLUGIN_HEAD,                                  \
                                       .id = "dev.sluice.breach",                           \
                                       .version = "1.0.0",                                  \
                                       .summary = "Breaks one rule",                        \
                                       .load = load_,                                       \
                                       .unload = unload_,                                   \
                                       .describe = describe_,                               \
                                       .infer = infer_,                                     \
                                       __VA_ARGS__};                                        \
  const sluice_plugin *sluice_plugin_v1(const sluice_host *host, sluice_error *error) {     \
    (void)host, (void)error;                                                                \
    return &plugin;                                                                         \
  }

#define INFER                                                                                                     \
  static sluice_status infer(sluice_model *model, const sluice_request *const *requests, size_t count,           \
                             sluice_error *error)
#define LOAD                                                                                                      \
  static sluice_status load(const sluice_host *host, const sluice_load_args *args, sluice_model **out,           \
                            sluice_error *error)

#endif
