/* The remote plugin: its settings, and what it makes of a server that says whatever a test has it say. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "host.h"

static const sluice_dtype fp32 = {SLUICE_FLOAT, 32, 1};

/* Answers every request on every connection with the same bytes; one of none is an end. */
typedef struct {
  int socket;
  char url[64];
  char answer[4096];
  size_t size;
  atomic_int asked, is_silent, visitors;
  pthread_mutex_t lock; /* of the answer */
  pthread_t thread;
} server;

/* Reads a whole request; whether there was one. The plugin's requests are a few hundred bytes. */
static bool read_request(int connection) {
  char text[65536];
  size_t size = 0;
  while (size < sizeof text - 1) {
    const ssize_t more = recv(connection, text + size, sizeof text - 1 - size, 0);
    if (more <= 0) return false;
    size += (size_t)more;
    text[size] = '\0';
    const char *end = strstr(text, "\r\n\r\n"), *length = strcasestr(text, "content-length: ");
    if (end == NULL) continue;
    if (size >= (size_t)(end + 4 - text) + (length == NULL ? 0 : strtoul(length + 16, NULL, 10))) return true;
  }
  return false;
}

typedef struct {
  server *self;
  int socket;
} visitor;

static void *serve_one(void *opaque) {
  const visitor one = *(visitor *)opaque;
  free(opaque);
  while (read_request(one.socket)) {
    atomic_fetch_add(&one.self->asked, 1);
    if (atomic_load(&one.self->is_silent)) continue;
    pthread_mutex_lock(&one.self->lock);
    const bool has_said = one.self->size > 0 && send(one.socket, one.self->answer, one.self->size, MSG_NOSIGNAL) >= 0;
    pthread_mutex_unlock(&one.self->lock);
    if (!has_said) break;
  }
  close(one.socket);
  atomic_fetch_sub(&one.self->visitors, 1);
  return NULL;
}

static void *serve(void *opaque) {
  server *self = opaque;
  int connection;
  while ((connection = accept(self->socket, NULL, NULL)) >= 0) {
    visitor *one = malloc(sizeof *one);
    *one = (visitor){self, connection};
    pthread_t thread;
    atomic_fetch_add(&self->visitors, 1);
    pthread_create(&thread, NULL, serve_one, one);
    pthread_detach(thread);
  }
  return NULL;
}

static void start(server *self) {
  memset(self, 0, sizeof *self);
  pthread_mutex_init(&self->lock, NULL);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t length = sizeof address;
  self->socket = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(self->socket, (struct sockaddr *)&address, sizeof address) != 0 || listen(self->socket, 16) != 0 ||
      getsockname(self->socket, (struct sockaddr *)&address, &length) != 0) {
    perror("test server");
    exit(1);
  }
  snprintf(self->url, sizeof self->url, "http://127.0.0.1:%d", ntohs(address.sin_port));
  pthread_create(&self->thread, NULL, serve, self);
}

static void stop(server *self) {
  shutdown(self->socket, SHUT_RDWR);
  pthread_join(self->thread, NULL);
  while (atomic_load(&self->visitors) > 0) sched_yield(); /* the plugin has closed their connections */
  close(self->socket);
}

/* JSON, with `raw` behind it. */
static void say(server *self, const char *json, const void *raw, size_t raw_size) {
  pthread_mutex_lock(&self->lock);
  const int head = snprintf(self->answer, sizeof self->answer,
                            "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nInference-Header-Content-Length: %zu\r\n\r\n%s",
                            strlen(json) + raw_size, strlen(json), json);
  memcpy(self->answer + head, raw, raw_size);
  self->size = (size_t)head + raw_size;
  pthread_mutex_unlock(&self->lock);
}

/* A model x FP32[2] to y FP32[2], whose server nobody asks at load. */
static test_model load_remote(server *self, const char *const *more, sluice_error *error) {
  const char *options[48] = {"servers.0", self->url, "health", "false", "inputs.0.name", "x", "inputs.0.datatype", "FP32",
                             "inputs.0.shape.0", "2", "outputs.0.name", "y", "outputs.0.datatype", "FP32",
                             "outputs.0.shape.0", "2"};
  size_t count = 16;
  for (size_t i = 0; more != NULL && more[i] != NULL; i++) options[count++] = more[i];
  return load_model(plugin_file("libsluice_remote"), "/tmp", options, error);
}

static test_request *asked(test_model *model) {
  const float x[2] = {1, 2};
  test_request *request = new_request();
  add_input(request, "x", fp32, 1, (const int64_t[]){2}, x, sizeof x, NULL);
  sluice_error error;
  CHECK(infer(model, request, &error) == SLUICE_OK);
  return request;
}

static void wrong_settings_are_named(void) {
  static const struct {
    const char *options[8];
    const char *message;
  } wrong[] = {
      {{NULL}, "config.servers is missing"},
      {{"servers", "10.0.0.5:8000"}, "config.servers.0: expected a URL"},
      {{"servers", "http://me:secret@host"}, "a URL with a user or password ends up in logs"},
      {{"servers", "http://host/?a"}, "is no URL of a server"},
      {{"servers.0", "http://a", "servers.1", "http://a/"}, "is there twice"},
      {{"servers", "http://a", "protocl", "grpc"}, "config.protocl: unknown setting"},
      {{"servers", "http://a", "eject.untl", "1s"}, "config.eject.untl: unknown setting; there are after, for, most"},
      {{"servers", "http://a", "protocol", "smtp"}, "expected one of open-inference, grpc, openai"},
      {{"servers", "http://a", "timeout", "5"}, "config.timeout: expected a duration such as 250ms or 5s"},
      {{"servers", "http://a", "timeout", "99999h"}, "out of bounds"},
      {{"servers", "http://a", "max_answer", "1"}, "config.max_answer: expected a size"},
      {{"servers", "http://a", "ca", "/nowhere.pem"}, "config.ca: there is no file"},
      {{"servers", "http://a", "key", "file:/nowhere"}, "config.key: there is no file"},
      {{"servers", "http://a", "key", "two words"}, "characters that can't be in a header field"},
      {{"servers", "http://a", "key", "a", "key_header", "x y"}, "config.key_header: expected the name"},
      {{"servers", "http://a", "health", "true"}, "config.health: expected false or"},
      {{"servers", "http://a", "inputs", "x"}, "config.inputs: expected a list"},
      {{"servers", "http://a", "inputs.0.name", "x"}, "config.inputs.0.datatype is missing"},
      {{"servers", "http://a", "protocol", "openai", "batched", "true"}, "config.batched is not for protocol openai"},
      {{"servers", "http://a", "task", "chat"}, "config.task is for protocol openai alone"},
      {{"servers", "http://a", "stream", "true", "batched", "true"}, "answers in parts can't be joined"},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    sluice_error error;
    const char *options[9] = {NULL};
    memcpy(options, wrong[i].options, sizeof wrong[i].options);
    test_model model = load_model(plugin_file("libsluice_remote"), "/tmp", options, &error);
    CHECK(model.model == NULL);
    CHECK_TEXT(error.message, wrong[i].message);
    CHECK(strstr(error.message, "secret") == NULL && strstr(error.message, "two words") == NULL);
    unload_model(&model);
  }
}

static void an_answer_is_held_against_the_declaration(void) {
  server remote;
  start(&remote);
  sluice_error error;
  test_model model = load_remote(&remote, (const char *const[]){"eject.after", "1000", NULL}, &error);
  if (model.model == NULL) fprintf(stderr, "not loaded: %s\n", error.message);
  CHECK(model.model != NULL);
  const float y[2] = {3, 4};
#define OUTPUT(type, shape, size) \
  "{\"outputs\":[{\"name\":\"y\",\"datatype\":\"" type "\",\"shape\":" shape ",\"parameters\":{\"binary_data_size\":" size "}}]}"
  static const struct {
    const char *json, *message; /* no message: it is good */
  } answers[] = {
      {OUTPUT("FP32", "[2]", "8"), NULL},
      {OUTPUT("INT32", "[2]", "8"), "in another type"},
      {OUTPUT("FP32", "[3]", "8"), "in another shape"},
      {OUTPUT("FP32", "[2]", "4"), "answers 4 bytes for \"y\", whose shape takes 8"},
      {OUTPUT("FP32", "[2]", "99999999999999"), "longer than its whole answer"},
      {"{\"outputs\":[]}", "answers more bytes than its outputs have"},
      {"[]", "no answer of the Open Inference Protocol"},
      {"", "no answer of the Open Inference Protocol"},
  };
  for (size_t i = 0; model.model != NULL && i < sizeof answers / sizeof answers[0]; i++) {
    say(&remote, answers[i].json, y, sizeof y);
    test_request *request = asked(&model);
    CHECK(wait_final(request, 10000) && finals_of(request) == 1);
    if (answers[i].message == NULL) {
      const test_tensor *output = output_of(request, "y");
      CHECK(status_of(request) == SLUICE_OK && output != NULL && memcmp(output->data, y, sizeof y) == 0);
    } else {
      CHECK(status_of(request) == SLUICE_DATA_LOSS);
      CHECK_TEXT(message_of(request), answers[i].message);
    }
    free_request(request);
  }
  unload_model(&model);
  stop(&remote);
}

static void who_breaks_off_is_asked_no_more_for_a_while(void) {
  server remote;
  start(&remote); /* it has nothing to say */
  sluice_error error;
  test_model model =
      load_remote(&remote, (const char *const[]){"eject.after", "2", "eject.for", "1h", "eject.most", "1h", NULL}, &error);
  for (int i = 0; i < 2; i++) {
    test_request *request = asked(&model);
    CHECK(wait_final(request, 10000) && status_of(request) == SLUICE_UNAVAILABLE);
    CHECK_TEXT(message_of(request), "the connection ended in the middle of the answer");
    free_request(request);
  }
  const int before = atomic_load(&remote.asked);
  const float x[2] = {1, 2};
  test_request *request = new_request();
  add_input(request, "x", fp32, 1, (const int64_t[]){2}, x, sizeof x, NULL);
  CHECK(infer(&model, request, &error) == SLUICE_UNAVAILABLE && finals_of(request) == 0);
  CHECK_TEXT(error.message, "the remote can't be asked just now: the connection ended");
  CHECK(atomic_load(&remote.asked) == before && metric_value("remote_ejections_total") >= 1);
  CHECK_TEXT(last_log(), "is left alone for now");
  free_request(request);
  unload_model(&model);
  stop(&remote);
}

static void cancelled_and_late_ones_end(void) {
  server remote;
  start(&remote);
  atomic_store(&remote.is_silent, 1);
  sluice_error error;
  test_model model = load_remote(&remote, NULL, &error);
  test_request *left = asked(&model);
  cancel(left);
  CHECK(wait_final(left, 10000) && status_of(left) == SLUICE_CANCELLED);
  free_request(left);
  const float x[2] = {1, 2};
  test_request *late = new_request();
  add_input(late, "x", fp32, 1, (const int64_t[]){2}, x, sizeof x, NULL);
  set_deadline(late, 50000000);
  CHECK(infer(&model, late, &error) == SLUICE_OK);
  CHECK(wait_final(late, 10000) && status_of(late) == SLUICE_DEADLINE_EXCEEDED);
  free_request(late);
  unload_model(&model);
  model = load_remote(&remote, (const char *const[]){"timeout", "50ms", NULL}, &error);
  test_request *slow = asked(&model);
  CHECK(wait_final(slow, 10000) && status_of(slow) == SLUICE_UNAVAILABLE);
  CHECK_TEXT(message_of(slow), "did not answer in time");
  free_request(slow);
  unload_model(&model);
  stop(&remote);
}

/* Threads that ask at once, more than connections are free at first: under TSan in `make test-sanitize`. */
static void *ask_often(void *opaque) {
  test_model *model = opaque;
  for (int i = 0; i < 200; i++) {
    test_request *request = asked(model);
    CHECK(wait_final(request, 10000) && finals_of(request) == 1 && status_of(request) == SLUICE_OK);
    free_request(request);
  }
  return NULL;
}

static void many_ask_at_once(void) {
  server remote;
  start(&remote);
  const float y[2] = {3, 4};
  say(&remote, OUTPUT("FP32", "[2]", "8"), y, sizeof y);
  sluice_error error;
  test_model model = load_remote(&remote, (const char *const[]){"connections", "3", NULL}, &error);
  CHECK(model.model != NULL);
  pthread_t threads[6];
  for (size_t i = 0; i < 6; i++) pthread_create(&threads[i], NULL, ask_often, &model);
  for (size_t i = 0; i < 6; i++) pthread_join(threads[i], NULL);
  CHECK(atomic_load(&remote.asked) == 1200);
  unload_model(&model);
  stop(&remote);
}

void test_remote(void) {
  wrong_settings_are_named();
  an_answer_is_held_against_the_declaration();
  who_breaks_off_is_asked_no_more_for_a_while();
  cancelled_and_late_ones_end();
  many_ask_at_once();
}
