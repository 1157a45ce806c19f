/* echo - answers every input as an output with the same bytes.
 *
 * The smallest complete plugin, and the yardstick of the benchmarks: what a request costs here, the gateway costs. An
 * answer allocates nothing. Its outputs are borrowed views of the inputs, which stay valid until respond() returns, so
 * the one copy is the host's; new_output() with memcpy would copy once as well and take an allocation besides. */
#include "options.h"

enum { MAX_TENSORS = 32, MAX_RANK = 16 };

struct sluice_model {
  const sluice_host *host;
  size_t count;
  char input_names[MAX_TENSORS][128];
  char output_names[MAX_TENSORS][128];
  int64_t shapes[MAX_TENSORS][MAX_RANK];
  sluice_tensor_spec inputs[MAX_TENSORS];
  sluice_tensor_spec outputs[MAX_TENSORS];
  sluice_model_info info;
};

/* INPUT0 answers as OUTPUT0; a name without INPUT answers as itself. */
static void default_output_name(const char *input, char *output, size_t size) {
  const char *at = strstr(input, "INPUT");
  if (at == NULL) {
    snprintf(output, size, "%s", input);
  } else {
    snprintf(output, size, "%.*sOUTPUT%s", (int)(at - input), input, at + strlen("INPUT"));
  }
}

static sluice_status read_name(const sluice_load_args *args, const char *key, const char *fallback, char name[128],
                               sluice_error *error) {
  const char *text = option_text(args, key, fallback);
  if (text[0] == '\0' || strlen(text) >= 128) {
    return fail(error, SLUICE_INVALID_ARGUMENT, "config.%s: a name has 1 to 127 bytes, this one has %zu", key,
                strlen(text));
  }
  memcpy(name, text, strlen(text) + 1);
  return SLUICE_OK;
}

/* One tensor of the configuration, or its defaults: FP32 of any rank. */
static sluice_status read_tensor(struct sluice_model *model, size_t index, const sluice_load_args *args,
                                 sluice_error *error) {
  char key[64], fallback[128];
  sluice_status status;

  snprintf(key, sizeof key, "inputs.%zu.name", index);
  snprintf(fallback, sizeof fallback, "INPUT%zu", index);
  if ((status = read_name(args, key, fallback, model->input_names[index], error)) != SLUICE_OK) return status;

  snprintf(key, sizeof key, "outputs.%zu.name", index);
  default_output_name(model->input_names[index], fallback, sizeof fallback);
  if ((status = read_name(args, key, fallback, model->output_names[index], error)) != SLUICE_OK) return status;

  sluice_dtype dtype = {SLUICE_FLOAT, 32, 1};
  snprintf(key, sizeof key, "inputs.%zu.datatype", index);
  if ((status = option_datatype(args, key, &dtype, error)) != SLUICE_OK) return status;

  int32_t rank = 0;
  for (;; rank++) {
    snprintf(key, sizeof key, "inputs.%zu.shape.%d", index, rank);
    if (option_text(args, key, NULL) == NULL) break;
    if (rank == MAX_RANK) {
      return fail(error, SLUICE_INVALID_ARGUMENT, "config.inputs.%zu.shape: more than %d dimensions", index, MAX_RANK);
    }
    status = option_integer(args, key, -1, INT64_MAX, &model->shapes[index][rank], error);
    if (status != SLUICE_OK) return status;
  }

  sluice_tensor_spec spec = {model->input_names[index], dtype, rank == 0 ? -1 : rank, model->shapes[index], NULL, {0}};
  model->inputs[index] = spec;
  spec.name = model->output_names[index];
  model->outputs[index] = spec;
  return SLUICE_OK;
}

static sluice_status load(const sluice_host *host, const sluice_load_args *args, sluice_model **out,
                          sluice_error *error) {
  static const char *const known[] = {"inputs", "outputs", "batching", "max_batch_rows", NULL};
  static const char *const batching[] = {"none", "concat", NULL};
  sluice_status status = options_refuse_unknown(args, known, error);
  if (status != SLUICE_OK) return status;

  struct sluice_model *model = calloc(1, sizeof *model);
  if (model == NULL) return fail(error, SLUICE_RESOURCE_EXHAUSTED, "out of memory");
  model->host = host;

  size_t declared = 0;
  for (size_t i = 0; i < args->option_count; i++) {
    if (strncmp(args->options[i].key, "inputs.", 7) != 0) continue;
    size_t index = strtoul(args->options[i].key + 7, NULL, 10);
    if (index >= MAX_TENSORS) {
      status = fail(error, SLUICE_INVALID_ARGUMENT, "config.inputs: more than %d tensors", MAX_TENSORS);
      break;
    }
    if (index + 1 > declared) declared = index + 1;
  }
  model->count = declared == 0 ? 1 : declared;
  for (size_t i = 0; i < model->count && status == SLUICE_OK; i++) status = read_tensor(model, i, args, error);

  int mode = SLUICE_BATCH_NONE;
  int64_t max_rows = 0;
  if (status == SLUICE_OK) status = option_choice(args, "batching", batching, &mode, error);
  if (status == SLUICE_OK) status = option_integer(args, "max_batch_rows", 0, INT32_MAX, &max_rows, error);
  if (status != SLUICE_OK) {
    free(model);
    return status;
  }

  model->info = (sluice_model_info){
      .struct_size = sizeof model->info,
      .inputs = model->inputs,
      .input_count = model->count,
      .outputs = model->outputs,
      .output_count = model->count,
      .batching = mode,
      .max_batch_rows = (int32_t)max_rows,
      .max_concurrency = 64,
      .flags = SLUICE_MODEL_QUICK | SLUICE_MODEL_DETERMINISTIC,
      .memory_bytes = sizeof *model,
  };
  *out = model;
  return SLUICE_OK;
}

static void unload(sluice_model *model) { free(model); }

static const sluice_model_info *describe(sluice_model *model) { return &model->info; }

static const sluice_tensor *find_input(const sluice_request *request, size_t likely, const char *name) {
  if (likely < request->input_count && strcmp(request->inputs[likely].name, name) == 0) {
    return &request->inputs[likely];
  }
  for (size_t i = 0; i < request->input_count; i++) {
    if (strcmp(request->inputs[i].name, name) == 0) return &request->inputs[i];
  }
  return NULL;
}

/* The gateway lets nothing else through; a host that does gets a refusal and not an answer of undeclared shape. */
static int is_declared(const sluice_tensor *tensor, const sluice_tensor_spec *spec, int batched) {
  if (memcmp(&tensor->dtype, &spec->dtype, sizeof spec->dtype) != 0) return 0;
  if (spec->ndim < 0) return 1;
  if (tensor->ndim != spec->ndim + batched) return 0;
  for (int32_t axis = 0; axis < spec->ndim; axis++) {
    if (spec->shape[axis] >= 0 && spec->shape[axis] != tensor->shape[axis + batched]) return 0;
  }
  return 1;
}

static sluice_status infer(sluice_model *model, const sluice_request *const *requests, size_t count,
                           sluice_error *error) {
  (void)count; /* always 1: neither NONE nor CONCAT ever sends more */
  const sluice_request *request = requests[0];
  sluice_tensor outputs[MAX_TENSORS];
  size_t output_count = 0;
  for (size_t i = 0; i < model->count; i++) {
    if (!output_is_wanted(request, model->output_names[i])) continue;
    const sluice_tensor *input = find_input(request, i, model->input_names[i]);
    if (input == NULL) return fail(error, SLUICE_INVALID_ARGUMENT, "input \"%s\" is missing", model->input_names[i]);
    if (!is_declared(input, &model->inputs[i], model->info.batching != SLUICE_BATCH_NONE)) {
      return fail(error, SLUICE_INVALID_ARGUMENT, "input \"%s\" has not the declared data type %s, or not its shape",
                  model->input_names[i], datatype_name(model->inputs[i].dtype));
    }
    sluice_tensor *output = &outputs[output_count++];
    *output = *input;
    output->name = model->output_names[i];
    output->release = NULL;
    output->owner = NULL;
  }
  const sluice_response response = {
      .struct_size = sizeof response, .outputs = outputs, .output_count = output_count, .flags = SLUICE_FINAL};
  request->host->respond(request, &response); /* not OK = the caller has gone: nothing is left to do */
  return SLUICE_OK;
}

static const sluice_plugin plugin = {
    SLUICE_PLUGIN_HEAD,
    .id = "dev.sluice.echo",
    .version = "1.0.0",
    .summary = "Answers every input as an output with the same bytes",
    .load = load,
    .unload = unload,
    .describe = describe,
    .infer = infer,
};

const sluice_plugin *sluice_plugin_v1(const sluice_host *host, sluice_error *error) {
  (void)host;
  (void)error;
  return &plugin;
}
