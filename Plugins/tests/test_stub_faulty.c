#include <pthread.h>
#include <time.h>

#include "check.h"
#include "host.h"

static const float values[4] = {1, 2, 3, 4};

static test_model load_stub(const char *const *options) {
  sluice_error error;
  test_model model = load_model(plugin_file("libsluice_stub_faulty"), "/tmp", options, &error);
  CHECK(model.model != NULL);
  return model;
}

static test_request *request_of(const char *behaviour) {
  test_request *request = new_request();
  add_input(request, "INPUT0", (sluice_dtype){SLUICE_FLOAT, 32, 1}, 2, (const int64_t[]){2, 2}, values, sizeof values,
            NULL);
  if (behaviour != NULL) add_param(request, "behaviour", behaviour);
  return request;
}

static bool echoes(test_request *request) {
  const test_tensor *output = output_of(request, "OUTPUT0");
  return output != NULL && output->byte_size == sizeof values && memcmp(output->data, values, sizeof values) == 0;
}

static void failures_at_load(void) {
  static const struct {
    const char *behaviour;
    bool loads;
  } rows[] = {{"load-fails", false}, {"warmup-fails", false}, {"load-slow", true}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    sluice_error error;
    test_model model = load_model(plugin_file("libsluice_stub_faulty"), "/tmp",
                                  (const char *const[]){"behaviour", rows[i].behaviour, "for", "1ms", "status",
                                                        "NOT_FOUND", "message", "no such weights", NULL},
                                  &error);
    CHECK((model.model != NULL) == rows[i].loads);
    if (!rows[i].loads) {
      CHECK(error.code == SLUICE_NOT_FOUND);
      CHECK_TEXT(error.message, "no such weights");
    }
    unload_model(&model);
  }
  test_model nothing = load_stub((const char *const[]){"behaviour", "describe-null", NULL});
  CHECK(nothing.info == NULL);
  unload_model(&nothing);
  test_model nameless = load_stub((const char *const[]){"behaviour", "describe-nameless", NULL});
  CHECK(nameless.info != NULL && nameless.info->inputs[0].name == NULL);
  unload_model(&nameless);
}

static void good_behaviours_keep_the_contract(void) {
  test_model model = load_stub((const char *const[]){"for", "1ms", NULL});
  static const char *const names[] = {NULL,           "ok",     "slow",     "hang-ignoring-cancel", "host-memory",
                                      "answer-later", "stream", "released", "log-flood"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    sluice_error error;
    test_request *request = request_of(names[i]);
    CHECK(infer(&model, request, &error) == SLUICE_OK);
    CHECK(wait_final(request, 10000));
    CHECK(finals_of(request) == 1 && status_of(request) == SLUICE_OK && echoes(request));
    bool streams = names[i] != NULL && strcmp(names[i], "stream") == 0;
    CHECK(parts_of(request) == (streams ? 3 : 0));
    free_request(request);
  }
  CHECK(log_count() >= 100000);
  CHECK(metric_value("stub_faulty_released_total") == 1.0);
  sluice_error error;
  test_request *after = request_of("ok");
  CHECK(infer(&model, after, &error) == SLUICE_OK);
  CHECK_TEXT(answer_param(after, "allocated"), "1");
  CHECK_TEXT(answer_param(after, "released"), "1");
  free_request(after);
  unload_model(&model);
}

static void failures_come_as_told(void) {
  test_model model = load_stub(
      (const char *const[]){"behaviour", "fail-nth", "nth", "3", "status", "UNAVAILABLE", "message", "busy", NULL});
  for (int i = 1; i <= 6; i++) {
    sluice_error error;
    test_request *request = request_of(NULL);
    CHECK(infer(&model, request, &error) == (i % 3 == 0 ? SLUICE_UNAVAILABLE : SLUICE_OK));
    CHECK(finals_of(request) == (i % 3 == 0 ? 0 : 1));
    free_request(request);
  }
  sluice_error error;
  test_request *status = request_of("fail");
  add_param(status, "status", "DATA_LOSS");
  CHECK(infer(&model, status, &error) == SLUICE_DATA_LOSS);
  CHECK_TEXT(error.message, "busy");
  free_request(status);
  test_request *response = request_of("fail-by-response");
  CHECK(infer(&model, response, &error) == SLUICE_OK);
  CHECK(finals_of(response) == 1 && status_of(response) == SLUICE_UNAVAILABLE);
  free_request(response);
  test_request *unknown = request_of("unheard-of");
  CHECK(infer(&model, unknown, &error) == SLUICE_INVALID_ARGUMENT);
  CHECK_TEXT(error.message, "unheard-of");
  free_request(unknown);
  test_request *strange = request_of("unknown-status");
  CHECK(infer(&model, strange, &error) == 4711);
  free_request(strange);
  unload_model(&model);
}

typedef struct {
  test_model *model;
  test_request *request;
} call;

static void *infer_on_thread(void *context) {
  call *call = context;
  sluice_error error;
  CHECK(infer(call->model, call->request, &error) == SLUICE_OK);
  return NULL;
}

static void waiting_ends_with_cancellation_or_the_deadline(void) {
  test_model model = load_stub((const char *const[]){"for", "60s", NULL});
  static const char *const names[] = {"hang", "slow", "stream-until-cancelled"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    call call = {&model, request_of(names[i])};
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, infer_on_thread, &call) == 0);
    CHECK(!wait_final(call.request, 20));
    cancel(call.request);
    CHECK(wait_final(call.request, 10000));
    pthread_join(thread, NULL);
    CHECK(status_of(call.request) == SLUICE_CANCELLED && finals_of(call.request) == 1);
    free_request(call.request);
  }
  test_request *late = request_of("hang");
  set_deadline(late, 5000000);
  sluice_error error;
  CHECK(infer(&model, late, &error) == SLUICE_OK);
  CHECK(status_of(late) == SLUICE_DEADLINE_EXCEEDED);
  free_request(late);
  unload_model(&model);
}

static void bad_behaviours_break_the_contract(void) {
  test_model model = load_stub((const char *const[]){"for", "1ms", NULL});
  sluice_error error;

  test_request *twice = request_of("answer-twice");
  CHECK(infer(&model, twice, &error) == SLUICE_OK && finals_of(twice) == 2);
  free_request(twice);

  test_request *never = request_of("never-answer");
  CHECK(infer(&model, never, &error) == SLUICE_OK && finals_of(never) == 0);
  free_request(never);

  test_request *both = request_of("error-after-answering");
  CHECK(infer(&model, both, &error) == SLUICE_INTERNAL && finals_of(both) == 1);
  free_request(both);

  test_request *open = request_of("error-without-final");
  CHECK(infer(&model, open, &error) == SLUICE_OK && finals_of(open) == 0 && status_of(open) == SLUICE_INTERNAL);
  free_request(open);

  test_request *dropped = request_of("dropped-output");
  CHECK(infer(&model, dropped, &error) == SLUICE_OK && finals_of(dropped) == 1 && host_copies(dropped) == 1);
  free_request(dropped);

  test_request *renamed = request_of("wrong-name");
  CHECK(infer(&model, renamed, &error) == SLUICE_OK);
  CHECK(output_of(renamed, "OUTPUT0") == NULL && output_of(renamed, "NO_SUCH_OUTPUT") != NULL);
  free_request(renamed);

  test_request *reshaped = request_of("wrong-shape");
  CHECK(infer(&model, reshaped, &error) == SLUICE_OK && output_of(reshaped, "OUTPUT0")->ndim == 3);
  free_request(reshaped);

  test_request *negative = request_of("negative-shape");
  CHECK(infer(&model, negative, &error) == SLUICE_OK && output_of(negative, "OUTPUT0")->shape[0] == -1);
  free_request(negative);

  test_request *shorted = request_of("short-data");
  CHECK(infer(&model, shorted, &error) == SLUICE_OK);
  CHECK(output_of(shorted, "OUTPUT0")->shape[0] == 4 && output_of(shorted, "OUTPUT0")->byte_size == sizeof values);
  free_request(shorted);

  test_request *untyped = request_of("unknown-datatype");
  CHECK(infer(&model, untyped, &error) == SLUICE_OK && output_of(untyped, "OUTPUT0")->dtype.code == 77);
  free_request(untyped);

  test_request *retyped = request_of("wrong-datatype");
  CHECK(infer(&model, retyped, &error) == SLUICE_OK && output_of(retyped, "OUTPUT0")->dtype.code == SLUICE_INT);
  free_request(retyped);

  test_request *none = request_of("no-outputs");
  CHECK(infer(&model, none, &error) == SLUICE_OK && finals_of(none) == 1 && output_of(none, "OUTPUT0") == NULL);
  free_request(none);

  test_request *after = request_of("answer-after-final");
  CHECK(infer(&model, after, &error) == SLUICE_OK && finals_of(after) >= 1);
  unload_model(&model); /* joins the thread that answers again, so `after` must live until here */
  CHECK(finals_of(after) == 2);
  free_request(after);
}

static void a_list_fails_each_request_on_its_own(void) {
  test_model model = load_stub((const char *const[]){"batching", "list", NULL});
  test_request *requests[] = {request_of("ok"), request_of("fail"), request_of("ok")};
  sluice_error error;
  CHECK(infer_list(&model, requests, 3, &error) == SLUICE_OK);
  CHECK(echoes(requests[0]) && echoes(requests[2]) && status_of(requests[1]) == SLUICE_INTERNAL);
  for (size_t i = 0; i < 3; i++) {
    CHECK(finals_of(requests[i]) == 1);
    free_request(requests[i]);
  }
  unload_model(&model);
}

void test_stub_faulty(void) {
  failures_at_load();
  good_behaviours_keep_the_contract();
  failures_come_as_told();
  waiting_ends_with_cancellation_or_the_deadline();
  bad_behaviours_break_the_contract();
  a_list_fails_each_request_on_its_own();
}
