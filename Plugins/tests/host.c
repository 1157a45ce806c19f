#include "host.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_INPUTS = 16, MAX_OUTPUTS = 32, MAX_PARAMS = 16, MAX_METRICS = 16 };

struct test_request {
  sluice_request request; /* first: the callbacks get a pointer to it */
  sluice_tensor inputs[MAX_INPUTS];
  sluice_tensor labels[MAX_INPUTS];
  sluice_kv params[MAX_PARAMS];
  const char *wanted[MAX_OUTPUTS];
  char id[32];
  atomic_int cancelled;

  pthread_mutex_t lock;
  pthread_cond_t answered;
  size_t parts, finals, copies;
  sluice_error error;
  test_tensor outputs[MAX_OUTPUTS];
  size_t output_count;
  char param_keys[MAX_PARAMS][64], param_values[MAX_PARAMS][256];
  size_t param_count;
  void *host_memory[MAX_OUTPUTS]; /* handed out by new_output() */
  size_t host_memory_count;
};

static pthread_mutex_t metrics_lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
  char name[128];
  double value;
} metrics[MAX_METRICS];
static uint32_t metric_count;
static atomic_size_t logged;
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static char last_line[8192];

static void fatal(const char *what) {
  fprintf(stderr, "test host: %s\n", what);
  abort();
}

static void *allocate(size_t size) {
  void *memory = NULL;
  if (posix_memalign(&memory, 64, size == 0 ? 1 : size) != 0) fatal("out of memory");
  return memory;
}

static void host_log(const sluice_host *host, int32_t level, const char *message) {
  (void)host;
  atomic_fetch_add(&logged, 1);
  pthread_mutex_lock(&log_lock);
  snprintf(last_line, sizeof last_line, "%s", message);
  pthread_mutex_unlock(&log_lock);
  if (getenv("TEST_HOST_LOG") != NULL) fprintf(stderr, "plugin [%d]: %s\n", level, message);
}

static uint64_t host_now(const sluice_host *host) {
  (void)host;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void *host_alloc(const sluice_host *host, size_t size, size_t alignment) {
  (void)host;
  void *memory = NULL;
  return posix_memalign(&memory, alignment < sizeof(void *) ? sizeof(void *) : alignment, size) == 0 ? memory : NULL;
}

static void host_free(const sluice_host *host, void *memory) {
  (void)host;
  free(memory);
}

static uint32_t host_metric(const sluice_host *host, int32_t kind, const char *name, const char *help) {
  (void)host, (void)kind, (void)help;
  pthread_mutex_lock(&metrics_lock);
  uint32_t id = 0;
  while (id < metric_count && strcmp(metrics[id].name, name) != 0) id++;
  if (id == metric_count && metric_count < MAX_METRICS) {
    snprintf(metrics[metric_count++].name, sizeof metrics[0].name, "%s", name);
  }
  pthread_mutex_unlock(&metrics_lock);
  return id < MAX_METRICS ? id + 1 : 0;
}

static void host_observe(const sluice_host *host, uint32_t metric, double value) {
  (void)host;
  if (metric == 0) return;
  pthread_mutex_lock(&metrics_lock);
  metrics[metric - 1].value += value;
  pthread_mutex_unlock(&metrics_lock);
}

double metric_value(const char *name) {
  double value = 0;
  pthread_mutex_lock(&metrics_lock);
  for (uint32_t i = 0; i < metric_count; i++) {
    if (strcmp(metrics[i].name, name) == 0) value = metrics[i].value;
  }
  pthread_mutex_unlock(&metrics_lock);
  return value;
}

size_t log_count(void) { return atomic_load(&logged); }

const char *last_log(void) {
  static char line[sizeof last_line];
  pthread_mutex_lock(&log_lock);
  memcpy(line, last_line, sizeof line);
  pthread_mutex_unlock(&log_lock);
  return line;
}

static int32_t host_is_cancelled(const sluice_request *request) {
  return atomic_load(&((test_request *)(uintptr_t)request)->cancelled);
}

static size_t element_count(const sluice_tensor *tensor) {
  size_t count = 1;
  for (int32_t i = 0; i < tensor->ndim; i++) count *= (size_t)tensor->shape[i];
  return count;
}

static sluice_status host_new_output(const sluice_request *const_request, sluice_tensor *tensor) {
  test_request *request = (test_request *)(uintptr_t)const_request;
  pthread_mutex_lock(&request->lock);
  bool room = request->host_memory_count + 2 <= MAX_OUTPUTS && request->finals == 0;
  if (room) {
    request->host_memory[request->host_memory_count++] = tensor->data = allocate(tensor->byte_size);
    if (tensor->dtype.code == SLUICE_BYTES) {
      void *offsets = allocate((element_count(tensor) + 1) * sizeof(int64_t));
      request->host_memory[request->host_memory_count++] = offsets;
      tensor->offsets = offsets;
    }
  }
  pthread_mutex_unlock(&request->lock);
  return room ? SLUICE_OK : SLUICE_RESOURCE_EXHAUSTED;
}

static void free_outputs(test_request *request) {
  for (size_t i = 0; i < request->output_count; i++) {
    free(request->outputs[i].data);
    free(request->outputs[i].offsets);
  }
  request->output_count = 0;
}

static void keep(test_request *request, sluice_tensor *tensor) {
  if (request->output_count == MAX_OUTPUTS) fatal("too many outputs");
  if (tensor->ndim < 0 || tensor->ndim > 16) fatal("an output has an impossible rank");
  test_tensor *copy = &request->outputs[request->output_count++];
  memset(copy, 0, sizeof *copy);
  snprintf(copy->name, sizeof copy->name, "%s", tensor->name);
  copy->dtype = tensor->dtype;
  copy->ndim = tensor->ndim;
  if (tensor->ndim > 0) memcpy(copy->shape, tensor->shape, (size_t)tensor->ndim * sizeof(int64_t));
  copy->byte_size = tensor->byte_size;
  copy->data = allocate(tensor->byte_size);
  if (tensor->byte_size > 0 && tensor->data != NULL) memcpy(copy->data, tensor->data, tensor->byte_size);
  if (tensor->dtype.code == SLUICE_BYTES && tensor->offsets != NULL) {
    size_t size = (element_count(tensor) + 1) * sizeof(int64_t);
    copy->offsets = allocate(size);
    memcpy(copy->offsets, tensor->offsets, size);
  }
  bool in_host_memory = false;
  for (size_t i = 0; i < request->host_memory_count; i++) in_host_memory |= request->host_memory[i] == tensor->data;
  if (tensor->release != NULL) {
    sluice_tensor moved = *tensor; /* a real host keeps the struct elsewhere and releases it from there, later */
    moved.release(&moved);
    if (moved.release != NULL) fatal("release() has not set itself to NULL");
  } else if (!in_host_memory) {
    request->copies++;
  }
}

static sluice_status host_respond(const sluice_request *const_request, const sluice_response *response) {
  test_request *request = (test_request *)(uintptr_t)const_request;
  if (response->struct_size != sizeof *response) fatal("a response without its struct_size");
  pthread_mutex_lock(&request->lock);
  bool finished = request->finals > 0;
  if (response->flags & SLUICE_FINAL) request->finals++;
  if (finished) {
    for (size_t i = 0; i < response->output_count; i++) {
      if (response->outputs[i].release != NULL) response->outputs[i].release(&response->outputs[i]);
    }
    pthread_mutex_unlock(&request->lock);
    return SLUICE_FAILED_PRECONDITION;
  }
  if (!(response->flags & SLUICE_FINAL)) request->parts++;
  if (response->error != NULL) request->error = *response->error;
  if (response->output_count > 0) free_outputs(request);
  for (size_t i = 0; i < response->output_count; i++) keep(request, &response->outputs[i]);
  request->param_count = response->param_count < MAX_PARAMS ? response->param_count : MAX_PARAMS;
  for (size_t i = 0; i < request->param_count; i++) {
    snprintf(request->param_keys[i], sizeof request->param_keys[i], "%s", response->params[i].key);
    snprintf(request->param_values[i], sizeof request->param_values[i], "%s", response->params[i].value);
  }
  bool gone = atomic_load(&request->cancelled);
  pthread_cond_broadcast(&request->answered);
  pthread_mutex_unlock(&request->lock);
  return gone ? SLUICE_CANCELLED : SLUICE_OK;
}

static const void *host_extension(const sluice_host *host, const char *id) {
  (void)host, (void)id;
  return NULL;
}

static const sluice_host host = {
    .struct_size = sizeof host,
    .abi_minor = SLUICE_ABI_MINOR,
    .log_level = SLUICE_LOG_INFO,
    .name = "test host",
    .version = "1",
    .log = host_log,
    .now_ns = host_now,
    .alloc = host_alloc,
    .free = host_free,
    .metric = host_metric,
    .observe = host_observe,
    .is_cancelled = host_is_cancelled,
    .new_output = host_new_output,
    .respond = host_respond,
    .extension = host_extension,
};

/* The options as one flat JSON object: enough for plugins that read config_json in tests. */
static char *json_of(const sluice_kv *options, size_t count) {
  size_t size = 3;
  for (size_t i = 0; i < count; i++) size += strlen(options[i].key) + strlen(options[i].value) + 6;
  char *json = malloc(size), *end = json;
  if (json == NULL) fatal("out of memory");
  end += sprintf(end, "{");
  for (size_t i = 0; i < count; i++) {
    end += sprintf(end, "%s\"%s\":\"%s\"", i == 0 ? "" : ",", options[i].key, options[i].value);
  }
  sprintf(end, "}");
  return json;
}

test_model load_model(const char *file, const char *folder, const char *const *options, sluice_error *error) {
  test_model model = {0};
  memset(error, 0, sizeof *error);
  void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == NULL) {
    snprintf(error->message, sizeof error->message, "%.500s", dlerror());
    error->code = SLUICE_UNAVAILABLE;
    return model;
  }
  void *symbol = dlsym(library, "sluice_plugin_v1");
  if (symbol == NULL) {
    snprintf(error->message, sizeof error->message, "sluice_plugin_v1 is not exported");
    error->code = SLUICE_UNAVAILABLE;
    return model;
  }
  sluice_plugin_entry entry;
  memcpy(&entry, &symbol, sizeof entry);
  model.plugin = entry(&host, error);
  if (model.plugin == NULL) return model;
  if (model.plugin->struct_size != sizeof(sluice_plugin) || model.plugin->tensor_size != sizeof(sluice_tensor)) {
    fatal("the plugin's head is wrong");
  }

  sluice_kv pairs[64];
  size_t count = 0;
  for (; options[count * 2] != NULL; count++) {
    if (count == 64) fatal("too many options");
    pairs[count] = (sluice_kv){options[count * 2], options[count * 2 + 1]};
  }
  char *json = json_of(pairs, count);
  const sluice_load_args args = {.struct_size = sizeof args,
                                 .model = "tested",
                                 .version = "1",
                                 .path = folder,
                                 .config_json = json,
                                 .options = pairs,
                                 .option_count = count};
  sluice_status status = model.plugin->load(&host, &args, &model.model, error);
  free(json);
  if (status != SLUICE_OK) {
    if (error->code != status) fatal("load() returned another status than it put into the error");
    if (error->message[0] == '\0') fatal("load() failed without a message");
    model.model = NULL;
    return model;
  }
  model.info = model.plugin->describe(model.model);
  if (model.plugin->warmup != NULL) {
    status = model.plugin->warmup(model.model, error);
    if (status != SLUICE_OK) {
      model.plugin->unload(model.model);
      model.model = NULL;
    }
  }
  return model;
}

void unload_model(test_model *model) {
  if (model->model != NULL) model->plugin->unload(model->model);
  model->model = NULL;
}

test_request *new_request(void) {
  static atomic_int ids;
  test_request *request = calloc(1, sizeof *request);
  if (request == NULL) fatal("out of memory");
  snprintf(request->id, sizeof request->id, "request-%d", atomic_fetch_add(&ids, 1));
  pthread_mutex_init(&request->lock, NULL);
  pthread_cond_init(&request->answered, NULL);
  request->request = (sluice_request){.struct_size = sizeof request->request,
                                      .host = &host,
                                      .id = request->id,
                                      .inputs = request->inputs,
                                      .labels = request->labels,
                                      .params = request->params,
                                      .wanted = request->wanted,
                                      .weight = 1.0};
  return request;
}

static void free_tensor(sluice_tensor *tensor) {
  free(tensor->data);
  free(tensor->shape);
  free((void *)(uintptr_t)tensor->offsets);
}

void free_request(test_request *request) {
  free_outputs(request);
  for (size_t i = 0; i < request->host_memory_count; i++) free(request->host_memory[i]);
  for (size_t i = 0; i < request->request.input_count; i++) free_tensor(&request->inputs[i]);
  for (size_t i = 0; i < request->request.label_count; i++) free_tensor(&request->labels[i]);
  pthread_cond_destroy(&request->answered);
  pthread_mutex_destroy(&request->lock);
  free(request);
}

static void fill(sluice_tensor *tensor, const char *name, sluice_dtype dtype, int32_t ndim, const int64_t *shape,
                 const void *data, uint64_t byte_size, const int64_t *offsets) {
  *tensor = (sluice_tensor){.device_type = SLUICE_CPU, .ndim = ndim, .dtype = dtype, .name = name};
  tensor->shape = allocate((size_t)ndim * sizeof(int64_t));
  if (ndim > 0) memcpy(tensor->shape, shape, (size_t)ndim * sizeof(int64_t));
  tensor->byte_size = byte_size;
  tensor->data = byte_size == 0 ? NULL : allocate(byte_size);
  if (byte_size > 0) memcpy(tensor->data, data, byte_size);
  if (offsets != NULL) {
    size_t size = (element_count(tensor) + 1) * sizeof(int64_t);
    int64_t *copy = allocate(size);
    memcpy(copy, offsets, size);
    tensor->offsets = copy;
  }
}

void add_input(test_request *request, const char *name, sluice_dtype dtype, int32_t ndim, const int64_t *shape,
               const void *data, uint64_t byte_size, const int64_t *offsets) {
  if (request->request.input_count == MAX_INPUTS) fatal("too many inputs");
  fill(&request->inputs[request->request.input_count++], name, dtype, ndim, shape, data, byte_size, offsets);
}

void add_label(test_request *request, const char *name, sluice_dtype dtype, int32_t ndim, const int64_t *shape,
               const void *data, uint64_t byte_size, double weight, const char *subject) {
  if (request->request.label_count == MAX_INPUTS) fatal("too many labels");
  fill(&request->labels[request->request.label_count++], name, dtype, ndim, shape, data, byte_size, NULL);
  request->request.weight = weight;
  request->request.subject_id = subject;
}

void add_param(test_request *request, const char *key, const char *value) {
  if (request->request.param_count == MAX_PARAMS) fatal("too many params");
  request->params[request->request.param_count++] = (sluice_kv){key, value};
}

void want_output(test_request *request, const char *name) {
  if (request->request.wanted_count == MAX_OUTPUTS) fatal("too many wanted outputs");
  request->wanted[request->request.wanted_count++] = name;
}

void cancel(test_request *request) { atomic_store(&request->cancelled, 1); }

void set_deadline(test_request *request, uint64_t ns_from_now) {
  request->request.deadline_ns = host_now(&host) + ns_from_now;
}

sluice_status infer_list(test_model *model, test_request *const *requests, size_t count, sluice_error *error) {
  const sluice_request *list[64];
  if (count > 64) fatal("too many requests");
  for (size_t i = 0; i < count; i++) list[i] = &requests[i]->request;
  memset(error, 0, sizeof *error);
  sluice_status status = model->plugin->infer(model->model, list, count, error);
  if (status != SLUICE_OK && error->code != status) fatal("infer() returned another status than it put into the error");
  return status;
}

sluice_status decode(test_model *model, test_request *request, const void *body, uint64_t size, const char *type,
                     sluice_error *error) {
  const int64_t offsets[2] = {0, (int64_t)size};
  add_input(request, "body", (sluice_dtype){SLUICE_BYTES, 8, 1}, 0, NULL, body, size, offsets);
  add_param(request, "content-type", type);
  const sluice_request *list[1] = {&request->request};
  memset(error, 0, sizeof *error);
  sluice_status status = model->plugin->decode(model->model, list, 1, error);
  if (status != SLUICE_OK && error->code != status) fatal("decode() returned another status than it put into the error");
  return status;
}

sluice_status infer(test_model *model, test_request *request, sluice_error *error) {
  return infer_list(model, &request, 1, error);
}

sluice_status learn(test_model *model, test_request *request, sluice_error *error) {
  const sluice_request *list[] = {&request->request};
  memset(error, 0, sizeof *error);
  sluice_status status = model->plugin->learn(model->model, list, 1, error);
  if (status != SLUICE_OK && error->code != status) fatal("learn() returned another status than it put into the error");
  return status;
}

bool wait_final(test_request *request, int ms) {
  struct timespec end;
  clock_gettime(CLOCK_REALTIME, &end);
  end.tv_sec += ms / 1000;
  end.tv_nsec += (long)(ms % 1000) * 1000000L;
  if (end.tv_nsec >= 1000000000L) {
    end.tv_sec++;
    end.tv_nsec -= 1000000000L;
  }
  pthread_mutex_lock(&request->lock);
  int result = 0;
  while (request->finals == 0 && result == 0) {
    result = pthread_cond_timedwait(&request->answered, &request->lock, &end);
  }
  bool final = request->finals > 0;
  pthread_mutex_unlock(&request->lock);
  return final;
}

/* One locked look at a request's field. */
#define LOCKED(request, type, expression)      \
  pthread_mutex_lock(&(request)->lock);        \
  type value = expression;                     \
  pthread_mutex_unlock(&(request)->lock);      \
  return value

size_t parts_of(test_request *request) { LOCKED(request, size_t, request->parts); }
size_t finals_of(test_request *request) { LOCKED(request, size_t, request->finals); }
size_t host_copies(test_request *request) { LOCKED(request, size_t, request->copies); }
sluice_status status_of(test_request *request) { LOCKED(request, sluice_status, request->error.code); }
const char *message_of(test_request *request) { return request->error.message; }

const test_tensor *output_of(test_request *request, const char *name) {
  for (size_t i = 0; i < request->output_count; i++) {
    if (strcmp(request->outputs[i].name, name) == 0) return &request->outputs[i];
  }
  return NULL;
}

const char *answer_param(test_request *request, const char *key) {
  for (size_t i = 0; i < request->param_count; i++) {
    if (strcmp(request->param_keys[i], key) == 0) return request->param_values[i];
  }
  return NULL;
}
