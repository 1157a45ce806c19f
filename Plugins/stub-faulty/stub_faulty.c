/* stub-faulty - a plugin that misbehaves on request, for the tests of whatever hosts plugins.
 *
 * What it does is config `behaviour:`, or the request's parameter of that name; README.md lists the behaviours. Every
 * wait is bounded, so that a broken host makes a test fail and not hang. The faults are deliberate: do not copy code
 * from here into a real plugin. */
#define _GNU_SOURCE /* strerrorname_np */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#include "attempts.h"
#include "options.h"

enum { MAX_LATER = 64 };
/* Told in every answer, so that tests can tell two builds of this file apart. */
#ifndef STUB_BUILD
#define STUB_BUILD "1"
#endif
static const uint64_t longest_wait_ms = 60000;

typedef enum {
  /* the load fails in one way or another */
  LOAD_FAILS,
  LOAD_CRASHES,
  LOAD_SLOW,
  DESCRIBE_NULL,
  DESCRIBE_NAMELESS,
  WARMUP_FAILS,
  /* well-behaved */
  OK,
  FAIL,
  FAIL_BY_RESPONSE,
  FAIL_NTH,
  FAIL_NEGATIVE,
  HANG,
  HANG_IGNORING_CANCEL,
  SLOW,
  SLOW_NTH,
  STREAM,
  STREAM_UNTIL_CANCELLED,
  ANSWER_LATER,
  HOST_MEMORY,
  RELEASED,
  LOG_FLOOD,
  /* against the contract */
  ANSWER_TWICE,
  ANSWER_AFTER_FINAL,
  NEVER_ANSWER,
  ERROR_AFTER_ANSWERING,
  ERROR_WITHOUT_FINAL,
  WRONG_SHAPE,
  NEGATIVE_SHAPE,
  SHORT_DATA,
  WRONG_NAME,
  WRONG_DATATYPE,
  UNKNOWN_DATATYPE,
  NULL_DATA,
  BAD_OFFSETS,
  NO_OUTPUTS,
  EXTRA_OUTPUT,
  MISSING_ROW,
  DROPPED_OUTPUT,
  UNKNOWN_STATUS,
  /* fatal in process */
  SEGFAULT,
  ABORT,
  EXIT,
  EXIT_WITH_WORDS,
  SPIN,
  ALLOCATE,
  WILD_WRITE,
  CORRUPT_RING,
  /* what a sandbox should stop */
  ATTEMPT,
  /* what no two runners should have in common */
  LAYOUT
} behaviour;

static const char *const behaviour_names[] = {"load-fails",
                                              "load-crashes",
                                              "load-slow",
                                              "describe-null",
                                              "describe-nameless",
                                              "warmup-fails",
                                              "ok",
                                              "fail",
                                              "fail-by-response",
                                              "fail-nth",
                                              "fail-negative",
                                              "hang",
                                              "hang-ignoring-cancel",
                                              "slow",
                                              "slow-nth",
                                              "stream",
                                              "stream-until-cancelled",
                                              "answer-later",
                                              "host-memory",
                                              "released",
                                              "log-flood",
                                              "answer-twice",
                                              "answer-after-final",
                                              "never-answer",
                                              "error-after-answering",
                                              "error-without-final",
                                              "wrong-shape",
                                              "negative-shape",
                                              "short-data",
                                              "wrong-name",
                                              "wrong-datatype",
                                              "unknown-datatype",
                                              "null-data",
                                              "bad-offsets",
                                              "no-outputs",
                                              "extra-output",
                                              "missing-row",
                                              "dropped-output",
                                              "unknown-status",
                                              "segfault",
                                              "abort",
                                              "exit",
                                              "exit-with-words",
                                              "spin",
                                              "allocate",
                                              "wild-write",
                                              "corrupt-ring",
                                              "attempt",
                                              "layout",
                                              NULL};

static const struct {
  const char *name;
  sluice_status code;
} status_names[] = {
    {"CANCELLED", SLUICE_CANCELLED},
    {"UNKNOWN", SLUICE_UNKNOWN},
    {"INVALID_ARGUMENT", SLUICE_INVALID_ARGUMENT},
    {"DEADLINE_EXCEEDED", SLUICE_DEADLINE_EXCEEDED},
    {"NOT_FOUND", SLUICE_NOT_FOUND},
    {"RESOURCE_EXHAUSTED", SLUICE_RESOURCE_EXHAUSTED},
    {"FAILED_PRECONDITION", SLUICE_FAILED_PRECONDITION},
    {"OUT_OF_RANGE", SLUICE_OUT_OF_RANGE},
    {"UNIMPLEMENTED", SLUICE_UNIMPLEMENTED},
    {"INTERNAL", SLUICE_INTERNAL},
    {"UNAVAILABLE", SLUICE_UNAVAILABLE},
    {"DATA_LOSS", SLUICE_DATA_LOSS},
};

/* What one request is answered with: the model's configuration, overridden by the request's parameters. */
typedef struct {
  behaviour behaviour;
  sluice_status status;
  char message[256];
  uint64_t wait_ms;
  uint64_t nth;
  uint64_t parts;
  char attempt[256];
} orders;

/* An answer that a thread of ours gives after infer() has returned. */
typedef struct {
  pthread_t thread;
  const sluice_request *request;
  sluice_model *model;
  uint64_t wait_ms;
} later;

struct sluice_model {
  const sluice_host *host;
  orders orders;
  sluice_dtype dtype;
  int64_t shape[2];
  sluice_tensor_spec inputs[1];
  sluice_tensor_spec outputs[1];
  sluice_model_info info;

  unsigned instance; /* how many models were loaded before */
  atomic_uint_fast64_t calls;
  atomic_uint_fast64_t allocated, released; /* outputs in plugin memory, of the behaviour "released" */
  uint32_t released_metric;
  char version[24]; /* as loaded */

  pthread_mutex_t later_lock;
  later later[MAX_LATER];
  size_t later_count; /* guarded by later_lock; threads are joined by unload() */
};

/* ---- Configuration ----------------------------------------------------------------------------------------------- */

/* "50ms", "2s" or a plain number of milliseconds. */
static sluice_status parse_wait(const char *key, const char *text, uint64_t *wait_ms, sluice_error *error) {
  char *end = NULL;
  unsigned long long number = strtoull(text, &end, 10);
  if (end != text && strcmp(end, "s") == 0 && number <= longest_wait_ms) {
    number *= 1000;
  } else if (end == text || (*end != '\0' && strcmp(end, "ms") != 0)) {
    number = longest_wait_ms + 1;
  }
  if (text[0] == '-' || number > longest_wait_ms) {
    return fail(error, SLUICE_INVALID_ARGUMENT, "%s: expected a time of at most 60s such as 50ms, found \"%.32s\"", key,
                text);
  }
  *wait_ms = number;
  return SLUICE_OK;
}

static sluice_status parse_count(const char *key, const char *text, uint64_t *count, sluice_error *error) {
  char *end = NULL;
  unsigned long long number = strtoull(text, &end, 10);
  if (end == text || *end != '\0' || number == 0 || number > 1000000) {
    return fail(error, SLUICE_INVALID_ARGUMENT, "%s: expected a number from 1 to 1000000, found \"%.32s\"", key, text);
  }
  *count = number;
  return SLUICE_OK;
}

/* Applies one setting; `key` is a config key or a request parameter. */
static sluice_status apply(orders *orders, const char *key, const char *text, sluice_error *error) {
  if (strcmp(key, "behaviour") == 0) {
    for (int i = 0; behaviour_names[i] != NULL; i++) {
      if (strcmp(behaviour_names[i], text) == 0) {
        orders->behaviour = (behaviour)i;
        return SLUICE_OK;
      }
    }
    return fail(error, SLUICE_INVALID_ARGUMENT, "behaviour: \"%.64s\" is none that stub-faulty knows", text);
  }
  if (strcmp(key, "status") == 0) {
    for (size_t i = 0; i < sizeof status_names / sizeof status_names[0]; i++) {
      if (strcmp(status_names[i].name, text) == 0) {
        orders->status = status_names[i].code;
        return SLUICE_OK;
      }
    }
    return fail(error, SLUICE_INVALID_ARGUMENT, "status: \"%.64s\" is not a status of sluice_plugin.h", text);
  }
  if (strcmp(key, "message") == 0) {
    snprintf(orders->message, sizeof orders->message, "%s", text);
    return SLUICE_OK;
  }
  if (strcmp(key, "attempt") == 0) {
    snprintf(orders->attempt, sizeof orders->attempt, "%s", text);
    return SLUICE_OK;
  }
  if (strcmp(key, "for") == 0) return parse_wait(key, text, &orders->wait_ms, error);
  if (strcmp(key, "nth") == 0) return parse_count(key, text, &orders->nth, error);
  if (strcmp(key, "parts") == 0) return parse_count(key, text, &orders->parts, error);
  return SLUICE_OK; /* "traceparent" and the like */
}

static sluice_status load(const sluice_host *host, const sluice_load_args *args, sluice_model **out,
                          sluice_error *error) {
  static const char *const known[] = {"behaviour", "status",         "message",     "for",   "nth",   "parts", "batching",
                                      "datatype",  "max_batch_rows", "concurrency", "quick", "streams",
                                      "sequences", "no_retry", "deterministic", NULL};
  static const char *const batching[] = {"none", "concat", "list", NULL};
  sluice_status status = options_refuse_unknown(args, known, error);
  if (status != SLUICE_OK) return status;

  orders orders = {
      .behaviour = OK, .status = SLUICE_INTERNAL, .message = "told to fail", .wait_ms = 1000, .nth = 2, .parts = 3};
  for (size_t i = 0; i < args->option_count; i++) {
    status = apply(&orders, args->options[i].key, args->options[i].value, error);
    if (status != SLUICE_OK) return status;
  }
  sluice_dtype dtype = {SLUICE_FLOAT, 32, 1};
  int mode = SLUICE_BATCH_NONE, quick = 0, streams = 1, sequences = 0, no_retry = 0, deterministic = 0;
  int64_t max_rows = 0, concurrency = 4;
  if ((status = option_datatype(args, "datatype", &dtype, error)) != SLUICE_OK ||
      (status = option_choice(args, "batching", batching, &mode, error)) != SLUICE_OK ||
      (status = option_integer(args, "max_batch_rows", 0, INT32_MAX, &max_rows, error)) != SLUICE_OK ||
      (status = option_integer(args, "concurrency", 1, 1024, &concurrency, error)) != SLUICE_OK ||
      (status = option_boolean(args, "quick", &quick, error)) != SLUICE_OK ||
      (status = option_boolean(args, "streams", &streams, error)) != SLUICE_OK ||
      (status = option_boolean(args, "sequences", &sequences, error)) != SLUICE_OK ||
      (status = option_boolean(args, "no_retry", &no_retry, error)) != SLUICE_OK ||
      (status = option_boolean(args, "deterministic", &deterministic, error)) != SLUICE_OK) {
    return status;
  }
  if (orders.behaviour == LOAD_FAILS) return fail(error, orders.status, "%s", orders.message);
  if (orders.behaviour == LOAD_CRASHES) abort();
  if (orders.behaviour == LOAD_SLOW) {
    nanosleep(&(struct timespec){(time_t)(orders.wait_ms / 1000), (long)(orders.wait_ms % 1000) * 1000000L}, NULL);
    orders.behaviour = OK;
  }

  struct sluice_model *model = calloc(1, sizeof *model);
  if (model == NULL) return fail(error, SLUICE_RESOURCE_EXHAUSTED, "out of memory");
  static atomic_uint instances;
  model->instance = atomic_fetch_add(&instances, 1);
  model->host = host;
  snprintf(model->version, sizeof model->version, "%s", args->version);
  model->orders = orders;
  model->dtype = dtype;
  model->shape[0] = model->shape[1] = -1;
  pthread_mutex_init(&model->later_lock, NULL);
  model->released_metric = host->metric(host, SLUICE_COUNTER, "stub_faulty_released_total",
                                        "Outputs in plugin memory that the host has given back");
  /* [-1, -1] with the batch dimension, [-1] without it. */
  int32_t rank = mode == SLUICE_BATCH_NONE ? 2 : 1;
  const char *input = orders.behaviour == DESCRIBE_NAMELESS ? NULL : "INPUT0";
  model->inputs[0] = (sluice_tensor_spec){input, dtype, rank, model->shape, "What is to be answered", {0}};
  model->outputs[0] = (sluice_tensor_spec){"OUTPUT0", dtype, rank, model->shape, "The same", {0}};
  model->info = (sluice_model_info){
      .struct_size = sizeof model->info,
      .inputs = model->inputs,
      .input_count = 1,
      .outputs = model->outputs,
      .output_count = 1,
      .batching = mode,
      .max_batch_rows = (int32_t)max_rows,
      .max_concurrency = (int32_t)concurrency,
      .flags = (streams ? SLUICE_MODEL_STREAMS : 0u) | (quick ? SLUICE_MODEL_QUICK : 0u) |
               (sequences ? SLUICE_MODEL_SEQUENCES : 0u) | (no_retry ? SLUICE_MODEL_NO_RETRY : 0u) |
               (deterministic ? SLUICE_MODEL_DETERMINISTIC : 0u),
  };
  *out = model;
  return SLUICE_OK;
}

static void unload(sluice_model *model) {
  for (size_t i = 0; i < model->later_count; i++) pthread_join(model->later[i].thread, NULL);
  pthread_mutex_destroy(&model->later_lock);
  free(model);
}

static const sluice_model_info *describe(sluice_model *model) {
  return model->orders.behaviour == DESCRIBE_NULL ? NULL : &model->info;
}

static sluice_status warmup(sluice_model *model, sluice_error *error) {
  if (model->orders.behaviour != WARMUP_FAILS) return SLUICE_OK;
  return fail(error, model->orders.status, "%s", model->orders.message);
}

/* ---- Answering --------------------------------------------------------------------------------------------------- */

static void sleep_ms(uint64_t ms) {
  struct timespec time = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000L};
  nanosleep(&time, NULL);
}

/* Waits until `ms` have passed, or earlier until the request is cancelled or late. */
static sluice_status wait_for(const sluice_request *request, uint64_t ms) {
  const sluice_host *host = request->host;
  for (uint64_t end = host->now_ns(host) + ms * 1000000u; host->now_ns(host) < end; sleep_ms(1)) {
    if (host->is_cancelled(request)) return SLUICE_CANCELLED;
    if (request->deadline_ns != 0 && host->now_ns(host) >= request->deadline_ns) return SLUICE_DEADLINE_EXCEEDED;
  }
  return SLUICE_OK;
}

/* An output that is a borrowed view of the input. */
static sluice_tensor echo_of(const sluice_request *request) {
  sluice_tensor output = request->inputs[0];
  output.name = "OUTPUT0";
  output.release = NULL;
  output.owner = NULL;
  return output;
}

/* Requests in the list that this thread is at work on. */
static _Thread_local size_t list_length = 1;

/* Responds with the outputs and with what has been counted so far. */
static sluice_status answer(sluice_model *model, const sluice_request *request, sluice_tensor *outputs, size_t count,
                            uint32_t flags, uint64_t part) {
  char calls[24], allocated[24], released[24], part_text[24], rows[24], list[24], instance[24];
  snprintf(calls, sizeof calls, "%llu", (unsigned long long)model->calls);
  snprintf(allocated, sizeof allocated, "%llu", (unsigned long long)model->allocated);
  snprintf(released, sizeof released, "%llu", (unsigned long long)model->released);
  snprintf(part_text, sizeof part_text, "%llu", (unsigned long long)part);
  const sluice_tensor *input = &request->inputs[0];
  snprintf(rows, sizeof rows, "%lld", input->ndim > 0 ? (long long)input->shape[0] : 1LL);
  snprintf(list, sizeof list, "%zu", list_length);
  snprintf(instance, sizeof instance, "%u", model->instance);
  const sluice_kv params[] = {{"calls", calls},        {"allocated", allocated}, {"released", released},
                              {"part", part_text},     {"rows", rows},           {"list", list},
                              {"instance", instance},   {"version", model->version}, {"build", STUB_BUILD}};
  const sluice_response response = {.struct_size = sizeof response,
                                    .outputs = outputs,
                                    .output_count = count,
                                    .flags = flags,
                                    .params = params,
                                    .param_count = sizeof params / sizeof params[0]};
  return request->host->respond(request, &response);
}

static sluice_status answer_echo(sluice_model *model, const sluice_request *request, uint32_t flags, uint64_t part) {
  sluice_tensor output = echo_of(request);
  return answer(model, request, &output, 1, flags, part);
}

static void answer_error(const sluice_request *request, sluice_status code, const char *message, uint32_t flags) {
  sluice_error error = {.code = code};
  snprintf(error.message, sizeof error.message, "%s", message);
  const sluice_response response = {.struct_size = sizeof response, .flags = flags, .error = &error};
  request->host->respond(request, &response);
}

static void *answer_on_own_thread(void *context) {
  later *later = context;
  sleep_ms(later->wait_ms);
  answer_echo(later->model, later->request, SLUICE_FINAL, 0);
  return NULL;
}

static int start_later(sluice_model *model, const sluice_request *request, uint64_t wait_ms) {
  int started = 0;
  pthread_mutex_lock(&model->later_lock);
  if (model->later_count < MAX_LATER) {
    later *later = &model->later[model->later_count];
    later->request = request;
    later->model = model;
    later->wait_ms = wait_ms;
    if (pthread_create(&later->thread, NULL, answer_on_own_thread, later) == 0) {
      model->later_count++;
      started = 1;
    }
  }
  pthread_mutex_unlock(&model->later_lock);
  return started;
}

/* Plugin memory: the bytes and the offsets in one block that knows its model. */
typedef struct {
  sluice_model *model;
  _Alignas(64) unsigned char bytes[];
} plugin_block;

static void release_block(sluice_tensor *tensor) {
  plugin_block *block = tensor->owner;
  tensor->release = NULL;
  tensor->owner = NULL;
  atomic_fetch_add(&block->model->released, 1);
  block->model->host->observe(block->model->host, block->model->released_metric, 1.0);
  free(block);
}

static size_t element_count(const sluice_tensor *tensor) {
  size_t count = 1;
  for (int32_t i = 0; i < tensor->ndim; i++) count *= (size_t)tensor->shape[i];
  return count;
}

static sluice_status answer_in_plugin_memory(sluice_model *model, const sluice_request *request, sluice_error *error) {
  sluice_tensor output = echo_of(request);
  size_t offsets_size = output.offsets == NULL ? 0 : (element_count(&output) + 1) * sizeof(int64_t);
  size_t offsets_at = (output.byte_size + 7) / 8 * 8;
  size_t size = sizeof(plugin_block) + offsets_at + offsets_size;
  plugin_block *block = aligned_alloc(64, (size + 63) / 64 * 64);
  if (block == NULL) return fail(error, SLUICE_RESOURCE_EXHAUSTED, "out of memory");
  block->model = model;
  if (output.byte_size > 0) memcpy(block->bytes, output.data, output.byte_size);
  if (offsets_size > 0) {
    memcpy(block->bytes + offsets_at, output.offsets, offsets_size);
    output.offsets = (const int64_t *)(const void *)(block->bytes + offsets_at);
  }
  output.data = block->bytes;
  output.owner = block;
  output.release = release_block;
  atomic_fetch_add(&model->allocated, 1);
  answer(model, request, &output, 1, SLUICE_FINAL, 0);
  return SLUICE_OK;
}

static sluice_status answer_in_host_memory(sluice_model *model, const sluice_request *request, int drop,
                                           sluice_error *error) {
  const sluice_tensor *input = &request->inputs[0];
  sluice_tensor output = {.name = "OUTPUT0",
                          .dtype = input->dtype,
                          .ndim = input->ndim,
                          .shape = input->shape,
                          .byte_size = input->byte_size};
  sluice_status status = request->host->new_output(request, &output);
  if (status != SLUICE_OK) return fail(error, status, "the host has no memory for OUTPUT0");
  if (input->byte_size > 0) memcpy(output.data, input->data, input->byte_size);
  if (input->offsets != NULL) {
    memcpy((int64_t *)output.offsets, input->offsets, (element_count(input) + 1) * sizeof(int64_t));
  }
  if (drop) {
    answer_echo(model, request, SLUICE_FINAL, 0);
  } else {
    answer(model, request, &output, 1, SLUICE_FINAL, 0);
  }
  return SLUICE_OK;
}

/* Answers with one output that is wrong in the way that `kind` says. */
/* What the compiler guards stacks with; 0 where a program can't see it. */
static uint64_t stack_guard(void) {
  uint64_t guard = 0;
#if defined(__x86_64__)
  __asm__("movq %%fs:0x28, %0" : "=r"(guard));
#endif
  return guard;
}

static void answer_wrongly(sluice_model *model, const sluice_request *request, behaviour kind) {
  sluice_tensor outputs[2] = {echo_of(request), echo_of(request)};
  sluice_tensor *output = &outputs[0];
  size_t count = 1;
  int64_t shape[8] = {0};
  int64_t offsets[3] = {0, INT64_MAX, 1};
  if (output->ndim > 0 && output->ndim <= 7) memcpy(shape, output->shape, (size_t)output->ndim * sizeof shape[0]);
  switch (kind) {
    case WRONG_SHAPE: /* one dimension more than declared; the bytes still fit */
      shape[output->ndim] = 1;
      output->shape = shape;
      output->ndim++;
      break;
    case NEGATIVE_SHAPE:
      shape[0] = -1;
      output->shape = shape;
      break;
    case SHORT_DATA: /* twice the rows that there are bytes for */
      shape[0] *= 2;
      output->shape = shape;
      break;
    case WRONG_NAME:
      output->name = "NO_SUCH_OUTPUT";
      break;
    case WRONG_DATATYPE: /* of the same size, so that the bytes fit */
      output->dtype = (sluice_dtype){SLUICE_INT, 32, 1};
      break;
    case UNKNOWN_DATATYPE:
      output->dtype = (sluice_dtype){77, 3, 9};
      break;
    case NULL_DATA:
      output->data = NULL;
      break;
    case BAD_OFFSETS: /* far outside of the data, and descending; meant for `datatype: BYTES` and up to 2 elements */
      output->offsets = offsets;
      break;
    case MISSING_ROW: /* fewer rows than were asked about, where there are several */
      if (output->ndim > 0 && shape[0] > 1) {
        output->byte_size = output->byte_size / (uint64_t)shape[0] * (uint64_t)(shape[0] - 1);
        shape[0]--;
        output->shape = shape;
      }
      break;
    case NO_OUTPUTS:
      count = 0;
      break;
    case EXTRA_OUTPUT: /* the same name again */
      count = 2;
      break;
    default:
      break;
  }
  answer(model, request, outputs, count, SLUICE_FINAL, 0);
}

static sluice_status stream(sluice_model *model, const sluice_request *request, const orders *orders) {
  int endless = orders->behaviour == STREAM_UNTIL_CANCELLED;
  const sluice_host *host = request->host;
  uint64_t end = host->now_ns(host) + longest_wait_ms * 1000000u;
  for (uint64_t part = 0; endless ? host->now_ns(host) < end : part < orders->parts; part++) {
    if (endless && host->is_cancelled(request)) break;
    if (answer_echo(model, request, 0, part) != SLUICE_OK) break; /* the caller has gone */
  }
  if (host->is_cancelled(request)) {
    answer_error(request, SLUICE_CANCELLED, "the stream was cancelled", SLUICE_FINAL);
  } else {
    answer_echo(model, request, SLUICE_FINAL, orders->parts);
  }
  return SLUICE_OK;
}

static int has_negative(const sluice_tensor *input) {
  if (input->dtype.code != SLUICE_FLOAT || input->dtype.bits != 32) return 0;
  for (size_t i = 0; i < input->byte_size / sizeof(float); i++) {
    float value;
    memcpy(&value, (const char *)input->data + i * sizeof value, sizeof value);
    if (value < 0) return 1;
  }
  return 0;
}

static sluice_status serve(sluice_model *model, const sluice_request *request, sluice_error *error) {
  orders orders = model->orders;
  for (size_t i = 0; i < request->param_count; i++) {
    sluice_status status = apply(&orders, request->params[i].key, request->params[i].value, error);
    if (status != SLUICE_OK) return status;
  }
  if (request->input_count != 1) return fail(error, SLUICE_INVALID_ARGUMENT, "expected one input, INPUT0");
  uint64_t call = atomic_fetch_add(&model->calls, 1) + 1;

  switch (orders.behaviour) {
    case FAIL:
      return fail(error, orders.status, "%s", orders.message);
    case FAIL_BY_RESPONSE:
      answer_error(request, orders.status, orders.message, SLUICE_FINAL);
      return SLUICE_OK;
    case SLOW_NTH:
      if (call % orders.nth == 0) {
        sluice_status status = wait_for(request, orders.wait_ms);
        if (status != SLUICE_OK) return fail(error, status, "told to be slow");
      }
      break;
    case FAIL_NTH:
      if (call % orders.nth == 0) return fail(error, orders.status, "%s", orders.message);
      break;
    case FAIL_NEGATIVE: /* one bad value spoils the whole call */
      if (has_negative(&request->inputs[0])) return fail(error, orders.status, "%s", orders.message);
      break;
    case HANG:
    case SLOW: {
      uint64_t ms = orders.behaviour == HANG ? longest_wait_ms : orders.wait_ms;
      sluice_status status = wait_for(request, ms);
      if (status == SLUICE_OK) break;
      answer_error(request, status, status == SLUICE_CANCELLED ? "cancelled while waiting" : "too late",
                   SLUICE_FINAL);
      return SLUICE_OK;
    }
    case HANG_IGNORING_CANCEL:
      sleep_ms(orders.wait_ms);
      break;
    case STREAM:
    case STREAM_UNTIL_CANCELLED:
      return stream(model, request, &orders);
    case ANSWER_LATER:
      if (start_later(model, request, orders.wait_ms)) return SLUICE_OK;
      return fail(error, SLUICE_RESOURCE_EXHAUSTED, "at most %d answers of threads in one model's life", MAX_LATER);
    case HOST_MEMORY:
    case DROPPED_OUTPUT:
      return answer_in_host_memory(model, request, orders.behaviour == DROPPED_OUTPUT, error);
    case RELEASED:
      return answer_in_plugin_memory(model, request, error);
    case LOG_FLOOD:
      for (int i = 0; i < 100000; i++) request->host->log(request->host, SLUICE_LOG_INFO, "one of 100000 messages");
      break;
    case LAYOUT: {
      static const char here;
      return fail(error, SLUICE_FAILED_PRECONDITION, "guard %llx plugin %llx stack %llx",
                  (unsigned long long)stack_guard(), (unsigned long long)(uintptr_t)&here,
                  (unsigned long long)(uintptr_t)&orders);
    }
    case ANSWER_TWICE:
      answer_echo(model, request, SLUICE_FINAL, 0);
      break;
    case ANSWER_AFTER_FINAL:
      answer_echo(model, request, SLUICE_FINAL, 0);
      start_later(model, request, orders.wait_ms);
      return SLUICE_OK;
    case NEVER_ANSWER:
      return SLUICE_OK;
    case ERROR_AFTER_ANSWERING:
      answer_echo(model, request, SLUICE_FINAL, 0);
      return fail(error, orders.status, "%s", orders.message);
    case ERROR_WITHOUT_FINAL:
      answer_error(request, orders.status, orders.message, 0);
      return SLUICE_OK;
    case WRONG_SHAPE:
    case NEGATIVE_SHAPE:
    case SHORT_DATA:
    case WRONG_NAME:
    case WRONG_DATATYPE:
    case UNKNOWN_DATATYPE:
    case NULL_DATA:
    case BAD_OFFSETS:
    case NO_OUTPUTS:
    case EXTRA_OUTPUT:
    case MISSING_ROW:
      answer_wrongly(model, request, orders.behaviour);
      return SLUICE_OK;
    case UNKNOWN_STATUS:
      return fail(error, 4711, "%s", orders.message);
    case SEGFAULT:
      raise(SIGSEGV);
      break;
    case ABORT:
      abort();
    case EXIT_WITH_WORDS:
      fputs("something went wrong\nthese are my last words\n", stderr);
      exit(4);
    case EXIT:
      exit(3);
    case SPIN:
      for (volatile uint64_t turns = 0;; turns++) continue;
    case ALLOCATE:
      allocate_without_end();
      break;
    case WILD_WRITE: /* over whatever lies behind the request */
      memset((void *)(uintptr_t)request, 0xA5, 64u << 20);
      break;
    case CORRUPT_RING:
      corrupt_ring();
      sleep_ms(200); /* an answer would put right what the host has not looked at yet */
      break;
    case ATTEMPT: {
      char result[512];
      attempt(orders.attempt, result, sizeof result);
      sluice_tensor output = echo_of(request);
      const sluice_kv params[] = {{"result", result}};
      const sluice_response response = {.struct_size = sizeof response,
                                        .outputs = &output,
                                        .output_count = 1,
                                        .flags = SLUICE_FINAL,
                                        .params = params,
                                        .param_count = 1};
      request->host->respond(request, &response);
      return SLUICE_OK;
    }
    default:
      break;
  }
  answer_echo(model, request, SLUICE_FINAL, 0);
  return SLUICE_OK;
}

static sluice_status infer(sluice_model *model, const sluice_request *const *requests, size_t count,
                           sluice_error *error) {
  list_length = count;
  if (count == 1) return serve(model, requests[0], error);
  /* A list with a request that says so fails as a whole, before any is answered. */
  for (size_t i = 0; i < count; i++) {
    for (size_t j = 0; j < requests[i]->param_count; j++) {
      if (strcmp(requests[i]->params[j].key, "fail_list") == 0) {
        return fail(error, model->orders.status, "%s", model->orders.message);
      }
    }
  }
  /* Each request is on its own, so a failure must be a response. */
  for (size_t i = 0; i < count; i++) {
    sluice_error own = {0};
    sluice_status status = serve(model, requests[i], &own);
    if (status != SLUICE_OK) answer_error(requests[i], status, own.message, SLUICE_FINAL);
  }
  return SLUICE_OK;
}

static const sluice_plugin plugin = {
    SLUICE_PLUGIN_HEAD,
    .id = "dev.sluice.stub-faulty",
    .version = "1.0.0",
    .summary = "Misbehaves on request, for tests",
    .load = load,
    .unload = unload,
    .describe = describe,
    .infer = infer,
    .warmup = warmup,
};

const sluice_plugin *sluice_plugin_v1(const sluice_host *host, sluice_error *error) {
  (void)host;
  (void)error;
  return &plugin;
}
