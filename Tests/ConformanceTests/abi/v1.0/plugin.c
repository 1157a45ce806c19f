/* A plugin of ABI 1.0, compiled for ever against the header of that release: it uses all that the release has.
 *
 * OUTPUT0 = INPUT0 * scale in memory of new_output(), COPY = INPUT0 in the plugin's own memory, COUNT = how many examples
 * it has learned from, in borrowed memory. Not to be changed: that it goes on working is the test. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sluice_plugin.h"

struct sluice_model {
  const sluice_host *host;
  float scale;
  char *notes; /* of the host's allocator */
  uint32_t learned_metric;
  atomic_int_least64_t learned;
};

static sluice_status fail(sluice_error *error, sluice_status code, const char *message) {
  error->code = code;
  snprintf(error->message, sizeof error->message, "%s", message);
  return code;
}

static sluice_status load(const sluice_host *host, const sluice_load_args *args, sluice_model **out,
                          sluice_error *error) {
  float scale = 2;
  for (size_t i = 0; i < args->option_count; i++) {
    char *end = NULL;
    if (strcmp(args->options[i].key, "scale") != 0) return fail(error, SLUICE_INVALID_ARGUMENT, "only scale is read");
    scale = strtof(args->options[i].value, &end);
    if (end == args->options[i].value || *end != '\0') return fail(error, SLUICE_INVALID_ARGUMENT, "scale: no number");
  }
  sluice_model *model = calloc(1, sizeof *model);
  if (model == NULL) return fail(error, SLUICE_RESOURCE_EXHAUSTED, "out of memory");
  model->host = host;
  model->scale = scale;
  model->notes = host->alloc(host, 256, 64);
  if (model->notes == NULL) {
    free(model);
    return fail(error, SLUICE_RESOURCE_EXHAUSTED, "the host has no memory");
  }
  snprintf(model->notes, 256, "model %s version %s in %s", args->model, args->version, args->path);
  if (host->log_level <= SLUICE_LOG_INFO) host->log(host, SLUICE_LOG_INFO, model->notes);
  model->learned_metric = host->metric(host, SLUICE_COUNTER, "examples_learned_total", "Examples learned from");
  *out = model;
  return SLUICE_OK;
}

static void unload(sluice_model *model) {
  model->host->free(model->host, model->notes);
  free(model);
}

static const sluice_model_info *describe(sluice_model *model) {
  (void)model;
  static const int64_t columns[] = {4}, one[] = {1};
  static const sluice_tensor_spec inputs[] = {{"INPUT0", {SLUICE_FLOAT, 32, 1}, 1, columns, "Numbers", {0}}};
  static const sluice_tensor_spec outputs[] = {{"OUTPUT0", {SLUICE_FLOAT, 32, 1}, 1, columns, "Scaled", {0}},
                                               {"COPY", {SLUICE_FLOAT, 32, 1}, 1, columns, "As they came", {0}},
                                               {"COUNT", {SLUICE_INT, 64, 1}, 1, one, "Examples learned", {0}}};
  static const sluice_kv metadata[] = {{"author", "the first release"}};
  static const sluice_model_info info = {.struct_size = sizeof info,
                                         .inputs = inputs,
                                         .input_count = 1,
                                         .outputs = outputs,
                                         .output_count = 3,
                                         .batching = SLUICE_BATCH_LIST,
                                         .max_batch_rows = 1 << 20,
                                         .max_concurrency = 4,
                                         .flags = SLUICE_MODEL_LEARN_EXCLUSIVE,
                                         .memory_bytes = 4096,
                                         .platform = "abi_1_0",
                                         .metadata = metadata,
                                         .metadata_count = 1};
  return &info;
}

static sluice_status warmup(sluice_model *model, sluice_error *error) {
  (void)error;
  model->host->log(model->host, SLUICE_LOG_DEBUG, "warm");
  return SLUICE_OK;
}

static int is_wanted(const sluice_request *request, const char *name) {
  for (size_t i = 0; i < request->wanted_count; i++) {
    if (strcmp(request->wanted[i], name) == 0) return 1;
  }
  return request->wanted_count == 0;
}

static void release(sluice_tensor *tensor) {
  free(tensor->owner);
  tensor->owner = NULL;
  tensor->release = NULL;
}

/* The declared input, or NULL with an error. */
static const sluice_tensor *input_of(const sluice_request *request, sluice_error *error) {
  static const sluice_dtype fp32 = {SLUICE_FLOAT, 32, 1};
  if (request->input_count != 1 || strcmp(request->inputs[0].name, "INPUT0") != 0) {
    fail(error, SLUICE_INVALID_ARGUMENT, "expected one input, INPUT0");
    return NULL;
  }
  const sluice_tensor *input = &request->inputs[0];
  if (memcmp(&input->dtype, &fp32, sizeof fp32) != 0 || input->ndim != 2 || input->shape[1] != 4) {
    fail(error, SLUICE_INVALID_ARGUMENT, "INPUT0 must be FP32 with four columns");
    return NULL;
  }
  return input;
}

static sluice_status answer(sluice_model *model, const sluice_request *request, sluice_error *error) {
  const sluice_host *host = request->host;
  const sluice_tensor *input = input_of(request, error);
  if (input == NULL) return error->code;
  if (host->is_cancelled(request)) return fail(error, SLUICE_CANCELLED, "nobody waits any more");
  if (request->deadline_ns != 0 && host->now_ns(host) > request->deadline_ns) {
    return fail(error, SLUICE_DEADLINE_EXCEEDED, "too late");
  }
  int64_t rows = input->shape[0], count_shape[2] = {rows, 1};
  int64_t *counts = calloc((size_t)rows + 1, sizeof *counts);
  if (counts == NULL) return fail(error, SLUICE_RESOURCE_EXHAUSTED, "out of memory");
  for (int64_t i = 0; i < rows; i++) counts[i] = atomic_load(&model->learned);

  sluice_tensor outputs[3];
  size_t count = 0;
  sluice_status status = SLUICE_OK;
  if (is_wanted(request, "OUTPUT0")) {
    outputs[count] = (sluice_tensor){.name = "OUTPUT0", .dtype = input->dtype, .ndim = 2, .shape = input->shape,
                                     .byte_size = input->byte_size};
    status = host->new_output(request, &outputs[count]);
    for (int64_t i = 0; status == SLUICE_OK && i < rows * 4; i++) {
      ((float *)outputs[count].data)[i] = ((const float *)input->data)[i] * model->scale;
    }
    count++;
  }
  if (status == SLUICE_OK && is_wanted(request, "COPY")) {
    void *copy = malloc(input->byte_size + 1);
    if (copy == NULL) {
      status = SLUICE_RESOURCE_EXHAUSTED;
    } else {
      if (input->byte_size > 0) memcpy(copy, input->data, input->byte_size);
      outputs[count++] = (sluice_tensor){.data = copy, .device_type = SLUICE_CPU, .ndim = 2, .dtype = input->dtype,
                                         .shape = input->shape, .name = "COPY", .byte_size = input->byte_size,
                                         .release = release, .owner = copy};
    }
  }
  if (status == SLUICE_OK) {
    if (is_wanted(request, "COUNT")) {
      outputs[count++] = (sluice_tensor){.data = counts, .device_type = SLUICE_CPU, .ndim = 2,
                                         .dtype = {SLUICE_INT, 64, 1}, .shape = count_shape, .name = "COUNT",
                                         .byte_size = (uint64_t)rows * sizeof *counts};
    }
    const sluice_kv params[] = {{"revision", "1"}};
    const sluice_response response = {.struct_size = sizeof response, .outputs = outputs, .output_count = count,
                                      .flags = SLUICE_FINAL, .params = params, .param_count = 1};
    host->respond(request, &response);
  }
  free(counts);
  return status == SLUICE_OK ? SLUICE_OK : fail(error, status, "no memory for an output");
}

static void refuse(const sluice_request *request, const sluice_error *error) {
  const sluice_response response = {.struct_size = sizeof response, .flags = SLUICE_FINAL, .error = error};
  request->host->respond(request, &response);
}

static sluice_status infer(sluice_model *model, const sluice_request *const *requests, size_t count,
                           sluice_error *error) {
  (void)error;
  for (size_t i = 0; i < count; i++) {
    sluice_error own = {0};
    if (answer(model, requests[i], &own) != SLUICE_OK) refuse(requests[i], &own);
  }
  return SLUICE_OK;
}

static sluice_status learn(sluice_model *model, const sluice_request *const *requests, size_t count,
                           sluice_error *error) {
  (void)error;
  for (size_t i = 0; i < count; i++) {
    sluice_error own = {0};
    const sluice_tensor *input = input_of(requests[i], &own);
    if (input == NULL || requests[i]->label_count == 0) {
      if (input != NULL) fail(&own, SLUICE_INVALID_ARGUMENT, "nothing to learn from without labels");
      refuse(requests[i], &own);
      continue;
    }
    atomic_fetch_add(&model->learned, input->shape[0]);
    model->host->observe(model->host, model->learned_metric, (double)input->shape[0]);
    const sluice_response response = {.struct_size = sizeof response, .flags = SLUICE_FINAL};
    requests[i]->host->respond(requests[i], &response);
  }
  return SLUICE_OK;
}

/* The state is a mark of eight bytes and the count. */
static const char mark[8] = "abi-1.0";

static sluice_status save(sluice_model *model, int64_t (*write)(void *, const void *, size_t), void *context) {
  char bytes[16];
  int64_t learned = atomic_load(&model->learned);
  memcpy(bytes, mark, 8);
  memcpy(bytes + 8, &learned, 8);
  for (size_t done = 0; done < sizeof bytes;) {
    int64_t moved = write(context, bytes + done, sizeof bytes - done);
    if (moved <= 0) return SLUICE_DATA_LOSS;
    done += (size_t)moved;
  }
  return SLUICE_OK;
}

static sluice_status restore(sluice_model *model, int64_t (*read)(void *, void *, size_t), void *context) {
  char bytes[16];
  int64_t learned;
  for (size_t done = 0; done < sizeof bytes;) {
    int64_t moved = read(context, bytes + done, sizeof bytes - done);
    if (moved <= 0) return SLUICE_DATA_LOSS;
    done += (size_t)moved;
  }
  if (memcmp(bytes, mark, 8) != 0) return SLUICE_DATA_LOSS;
  memcpy(&learned, bytes + 8, 8);
  atomic_store(&model->learned, learned);
  return SLUICE_OK;
}

static const void *extension(const char *id) {
  static const sluice_state state = {save, restore};
  return strcmp(id, SLUICE_EXT_STATE) == 0 ? &state : NULL;
}

static const sluice_plugin plugin = {SLUICE_PLUGIN_HEAD,
                                     .id = "dev.sluice.abi-1-0",
                                     .version = "1.0.0",
                                     .summary = "All that ABI 1.0 has",
                                     .load = load,
                                     .unload = unload,
                                     .describe = describe,
                                     .infer = infer,
                                     .learn = learn,
                                     .extension = extension,
                                     .warmup = warmup};

const sluice_plugin *sluice_plugin_v1(const sluice_host *host, sluice_error *error) {
  if (host->struct_size < sizeof *host) {
    fail(error, SLUICE_FAILED_PRECONDITION, "this host is older than ABI 1.0");
    return NULL;
  }
  return &plugin;
}
