/* centroid - answers which class's mean is nearest, and learns the means from corrections while it serves.
 *
 * The smallest plugin that learns: infer() compares, learn() adds to the means, sluice.state/1 carries them over restarts
 * and into the next version. It needs no lock of its own: SLUICE_MODEL_LEARN_EXCLUSIVE keeps infer() out of learn(). */
#include <math.h>

#include "options.h"

enum { MAX_CLASSES = 64, MAX_FEATURES = 4096, MAX_NAME = 128, CONCURRENCY = 16 };

struct sluice_model {
  int64_t features;
  size_t classes;
  char names[MAX_CLASSES][MAX_NAME];
  /* What was learned: for each class the weight of all examples, and their weighted sum. */
  double weights[MAX_CLASSES];
  double *sums;
  uint64_t revision;
  int64_t input_shape[1], output_shape[1];
  sluice_tensor_spec inputs[1], outputs[2];
  sluice_model_info info;
};

/* ---- Loading ----------------------------------------------------------------------------------------------------- */

static sluice_status read_classes(struct sluice_model *model, const sluice_load_args *args, sluice_error *error) {
  char key[32];
  for (;; model->classes++) {
    snprintf(key, sizeof key, "classes.%zu", model->classes);
    const char *name = option_text(args, key, NULL);
    if (name == NULL) break;
    if (model->classes == MAX_CLASSES)
      return fail(error, SLUICE_INVALID_ARGUMENT, "config.classes: more than %d", MAX_CLASSES);
    if (name[0] == '\0' || strlen(name) >= MAX_NAME)
      return fail(error, SLUICE_INVALID_ARGUMENT, "config.%s: a name has 1 to %d bytes", key, MAX_NAME - 1);
    memcpy(model->names[model->classes], name, strlen(name) + 1);
  }
  if (model->classes == 0) return fail(error, SLUICE_INVALID_ARGUMENT, "config.classes is missing: name at least one");
  return SLUICE_OK;
}

static void describe_tensors(struct sluice_model *model) {
  model->input_shape[0] = model->features;
  model->output_shape[0] = (int64_t)model->classes;
  model->inputs[0] = (sluice_tensor_spec){"x", {SLUICE_FLOAT, 32, 1}, 1, model->input_shape, "one example", {0}};
  model->outputs[0] = (sluice_tensor_spec){"label", {SLUICE_BYTES, 8, 1}, 0, NULL, "the nearest class", {0}};
  model->outputs[1] = (sluice_tensor_spec){
      "distances", {SLUICE_FLOAT, 32, 1}, 1, model->output_shape, "how far each class's mean is", {0}};
  model->info = (sluice_model_info){.struct_size = sizeof model->info,
                                    .inputs = model->inputs,
                                    .input_count = 1,
                                    .outputs = model->outputs,
                                    .output_count = 2,
                                    .batching = SLUICE_BATCH_CONCAT,
                                    .max_concurrency = CONCURRENCY,
                                    .flags = SLUICE_MODEL_LEARN_EXCLUSIVE};
}

static void unload(sluice_model *model) {
  free(model->sums);
  free(model);
}

static sluice_status load(const sluice_host *host, const sluice_load_args *args, sluice_model **out,
                          sluice_error *error) {
  (void)host;
  static const char *const known[] = {"classes", "features", NULL};
  sluice_status status = options_refuse_unknown(args, known, error);
  if (status != SLUICE_OK) return status;
  struct sluice_model *model = calloc(1, sizeof *model);
  if (model == NULL) return fail(error, SLUICE_RESOURCE_EXHAUSTED, "out of memory");
  model->features = 4;
  status = option_integer(args, "features", 1, MAX_FEATURES, &model->features, error);
  if (status == SLUICE_OK) status = read_classes(model, args, error);
  if (status == SLUICE_OK) {
    model->sums = calloc(model->classes * (size_t)model->features, sizeof *model->sums);
    if (model->sums == NULL) status = fail(error, SLUICE_RESOURCE_EXHAUSTED, "out of memory");
  }
  if (status != SLUICE_OK) {
    unload(model);
    return status;
  }
  describe_tensors(model);
  *out = model;
  return SLUICE_OK;
}

static const sluice_model_info *describe(sluice_model *model) { return &model->info; }

/* ---- Answering --------------------------------------------------------------------------------------------------- */

/* The input, if it is what describe() declares; a class that nothing was learned of has its mean at zero. */
static const sluice_tensor *examples(sluice_model *model, const sluice_request *request, sluice_error *error) {
  const sluice_tensor *x = request->input_count == 1 ? &request->inputs[0] : NULL;
  if (x == NULL || strcmp(x->name, "x") != 0) {
    fail(error, SLUICE_INVALID_ARGUMENT, "expected one input, \"x\"");
    return NULL;
  }
  if (x->dtype.code != SLUICE_FLOAT || x->dtype.bits != 32 || x->ndim != 2 || x->shape[1] != model->features) {
    fail(error, SLUICE_INVALID_ARGUMENT, "x must be FP32[-1,%lld]", (long long)model->features);
    return NULL;
  }
  return x;
}

/* The squared distances of one row to each mean; which is the least. */
static size_t nearest(const sluice_model *model, const float *row, float *distances) {
  size_t best = 0;
  for (size_t c = 0; c < model->classes; c++) {
    const double *sums = model->sums + c * (size_t)model->features;
    double scale = model->weights[c] > 0 ? 1 / model->weights[c] : 0, total = 0;
    for (int64_t i = 0; i < model->features; i++) {
      double apart = row[i] - sums[i] * scale;
      total += apart * apart;
    }
    distances[c] = (float)total;
    if (distances[c] < distances[best]) best = c;
  }
  return best;
}

static sluice_status infer(sluice_model *model, const sluice_request *const *requests, size_t count,
                           sluice_error *error) {
  (void)count; /* always 1: the host joins */
  const sluice_request *request = requests[0];
  const sluice_tensor *x = examples(model, request, error);
  if (x == NULL) return error->code;
  const size_t rows = (size_t)x->shape[0];
  int64_t label_shape[] = {x->shape[0]}, distance_shape[] = {x->shape[0], (int64_t)model->classes};
  const size_t distance_bytes = rows * model->classes * sizeof(float);

  sluice_tensor outputs[2] = {
      {.name = "distances", .dtype = {SLUICE_FLOAT, 32, 1}, .ndim = 2, .shape = distance_shape,
       .byte_size = distance_bytes},
      {.name = "label", .dtype = {SLUICE_BYTES, 8, 1}, .ndim = 1, .shape = label_shape},
  };
  sluice_status status = request->host->new_output(request, &outputs[0]);
  size_t *best = rows > 0 ? malloc(rows * sizeof *best) : NULL;
  if (status == SLUICE_OK && rows > 0 && best == NULL) status = SLUICE_RESOURCE_EXHAUSTED;
  if (status == SLUICE_OK) {
    for (size_t r = 0; r < rows; r++) {
      best[r] = nearest(model, (const float *)x->data + r * (size_t)model->features,
                        (float *)outputs[0].data + r * model->classes);
      outputs[1].byte_size += strlen(model->names[best[r]]);
    }
    status = request->host->new_output(request, &outputs[1]);
  }
  if (status == SLUICE_OK) {
    int64_t *offsets = (int64_t *)outputs[1].offsets;
    offsets[0] = 0;
    for (size_t r = 0; r < rows; r++) {
      size_t length = strlen(model->names[best[r]]);
      memcpy((char *)outputs[1].data + offsets[r], model->names[best[r]], length);
      offsets[r + 1] = offsets[r] + (int64_t)length;
    }
  }
  free(best);
  if (status != SLUICE_OK) return fail(error, status, "no memory for the outputs");
  const sluice_response response = {
      .struct_size = sizeof response, .outputs = outputs, .output_count = 2, .flags = SLUICE_FINAL};
  request->host->respond(request, &response);
  return SLUICE_OK;
}

/* ---- Learning ---------------------------------------------------------------------------------------------------- */

static const sluice_tensor *label_of(const sluice_request *request) {
  for (size_t i = 0; i < request->label_count; i++)
    if (strcmp(request->labels[i].name, "label") == 0) return &request->labels[i];
  return NULL;
}

static int class_named(const sluice_model *model, const char *name, size_t length) {
  for (size_t c = 0; c < model->classes; c++)
    if (strlen(model->names[c]) == length && memcmp(model->names[c], name, length) == 0) return (int)c;
  return -1;
}

/* All of a lesson is looked at before any of it is learned: a refused one leaves no trace. */
static sluice_status check_lesson(sluice_model *model, const sluice_request *request, const sluice_tensor **x,
                                  const sluice_tensor **label, sluice_error *error) {
  *x = examples(model, request, error);
  if (*x == NULL) return error->code;
  *label = label_of(request);
  if (*label == NULL || (*label)->dtype.code != SLUICE_BYTES || (*label)->ndim != 1)
    return fail(error, SLUICE_INVALID_ARGUMENT, "a lesson needs the label \"label\", BYTES[-1]");
  if ((*label)->shape[0] != (*x)->shape[0])
    return fail(error, SLUICE_INVALID_ARGUMENT, "%lld labels for %lld examples", (long long)(*label)->shape[0],
                (long long)(*x)->shape[0]);
  if (!(request->weight >= 0) || isinf(request->weight))
    return fail(error, SLUICE_INVALID_ARGUMENT, "the weight must be a number from 0 on");
  for (int64_t r = 0; r < (*x)->shape[0]; r++) {
    const int64_t *offsets = (*label)->offsets + r;
    const char *name = offsets[1] > offsets[0] ? (const char *)(*label)->data + offsets[0] : "";
    if (class_named(model, name, (size_t)(offsets[1] - offsets[0])) < 0)
      return fail(error, SLUICE_INVALID_ARGUMENT, "the label of example %lld is none of the model's classes",
                  (long long)r + 1);
    const float *row = (const float *)(*x)->data + r * model->features;
    for (int64_t i = 0; i < model->features; i++)
      if (!isfinite(row[i]))
        return fail(error, SLUICE_INVALID_ARGUMENT, "example %lld holds what is no finite number", (long long)r + 1);
  }
  return SLUICE_OK;
}

static sluice_status learn(sluice_model *model, const sluice_request *const *requests, size_t count,
                           sluice_error *error) {
  (void)count;
  const sluice_request *request = requests[0];
  const sluice_tensor *x = NULL, *label = NULL;
  sluice_status status = check_lesson(model, request, &x, &label, error);
  if (status != SLUICE_OK) return status;
  for (int64_t r = 0; r < x->shape[0]; r++) {
    const char *name = (const char *)label->data + label->offsets[r];
    size_t c = (size_t)class_named(model, name, (size_t)(label->offsets[r + 1] - label->offsets[r]));
    const float *row = (const float *)x->data + r * model->features;
    model->weights[c] += request->weight;
    for (int64_t i = 0; i < model->features; i++)
      model->sums[c * (size_t)model->features + (size_t)i] += request->weight * row[i];
  }
  model->revision++;
  char revision[24];
  snprintf(revision, sizeof revision, "%llu", (unsigned long long)model->revision);
  const sluice_kv params[] = {{"revision", revision}};
  const sluice_response response = {
      .struct_size = sizeof response, .flags = SLUICE_FINAL, .params = params, .param_count = 1};
  request->host->respond(request, &response);
  return SLUICE_OK;
}

/* ---- State: magic, sizes, names, numbers, and a checksum over all of it ------------------------------------------- */

typedef struct stream {
  int64_t (*write)(void *, const void *, size_t);
  int64_t (*read)(void *, void *, size_t);
  void *context;
  uint64_t checksum; /* FNV-1a */
} stream;

static void digest(stream *stream, const unsigned char *bytes, size_t size) {
  for (size_t i = 0; i < size; i++) stream->checksum = (stream->checksum ^ bytes[i]) * 0x100000001b3u;
}

/* Either moves all of it, however little the host takes at a time, or fails. */
static int move(stream *stream, void *bytes, size_t size) {
  for (size_t done = 0; done < size;) {
    int64_t count = stream->write != NULL ? stream->write(stream->context, (char *)bytes + done, size - done)
                                          : stream->read(stream->context, (char *)bytes + done, size - done);
    if (count <= 0 || (size_t)count > size - done) return 0;
    done += (size_t)count;
  }
  digest(stream, bytes, size);
  return 1;
}

static const char magic[8] = {'c', 'e', 'n', 't', 'r', 'o', 'i', 'd'};
static const uint64_t checksum_seed = 0xcbf29ce484222325u;

static sluice_status save(sluice_model *model, int64_t (*write)(void *, const void *, size_t), void *context) {
  stream to = {.write = write, .context = context, .checksum = checksum_seed};
  uint64_t head[] = {(uint64_t)model->features, model->classes, model->revision};
  const size_t sums = model->classes * (size_t)model->features * sizeof *model->sums;
  int good = move(&to, (void *)magic, sizeof magic) && move(&to, head, sizeof head) &&
             move(&to, model->names, model->classes * MAX_NAME) &&
             move(&to, model->weights, model->classes * sizeof *model->weights) && move(&to, model->sums, sums);
  uint64_t checksum = to.checksum;
  return good && move(&to, &checksum, sizeof checksum) ? SLUICE_OK : SLUICE_DATA_LOSS;
}

static sluice_status restore(sluice_model *model, int64_t (*read)(void *, void *, size_t), void *context) {
  stream from = {.read = read, .context = context, .checksum = checksum_seed};
  char start[sizeof magic], rest;
  uint64_t head[3], checksum, expected;
  double weights[MAX_CLASSES];
  char names[MAX_CLASSES][MAX_NAME];
  if (!move(&from, start, sizeof start) || memcmp(start, magic, sizeof magic) != 0) return SLUICE_DATA_LOSS;
  if (!move(&from, head, sizeof head)) return SLUICE_DATA_LOSS;
  /* What another configuration has learned is of no use here. */
  if (head[0] != (uint64_t)model->features || head[1] != model->classes) return SLUICE_FAILED_PRECONDITION;
  if (!move(&from, names, model->classes * MAX_NAME)) return SLUICE_DATA_LOSS;
  for (size_t c = 0; c < model->classes; c++)
    if (memcmp(names[c], model->names[c], strlen(model->names[c]) + 1) != 0) return SLUICE_FAILED_PRECONDITION;
  const size_t size = model->classes * (size_t)model->features * sizeof *model->sums;
  double *sums = malloc(size);
  if (sums == NULL) return SLUICE_RESOURCE_EXHAUSTED;
  int good = move(&from, weights, model->classes * sizeof *weights) && move(&from, sums, size);
  expected = from.checksum;
  good = good && move(&from, &checksum, sizeof checksum) && checksum == expected && read(context, &rest, 1) == 0;
  if (!good) {
    free(sums);
    return SLUICE_DATA_LOSS;
  }
  free(model->sums);
  model->sums = sums;
  memcpy(model->weights, weights, model->classes * sizeof *weights);
  model->revision = head[2];
  return SLUICE_OK;
}

static const void *extension(const char *id) {
  static const sluice_state state = {.save = save, .restore = restore};
  return strcmp(id, SLUICE_EXT_STATE) == 0 ? &state : NULL;
}

/* ------------------------------------------------------------------------------------------------------------------ */

static const sluice_plugin plugin = {SLUICE_PLUGIN_HEAD,
                                     .id = "dev.sluice.centroid",
                                     .version = "1.0.0",
                                     .summary = "The class whose mean is nearest, learned while serving",
                                     .load = load,
                                     .unload = unload,
                                     .describe = describe,
                                     .infer = infer,
                                     .learn = learn,
                                     .extension = extension};

const sluice_plugin *sluice_plugin_v1(const sluice_host *host, sluice_error *error) {
  (void)host, (void)error;
  return &plugin;
}
