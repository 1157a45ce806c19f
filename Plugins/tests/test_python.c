/* The Python plugin against models of its own tests; by the interpreter of `make deps`, or TEST_PYTHON_VENV's. */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "host.h"

static const sluice_dtype fp32 = {SLUICE_FLOAT, 32, 1}, bytes = {SLUICE_BYTES, 8, 1};
static const float values[3] = {1, 2.5f, -3};

static const char *venv(void) {
  static char folder[4096];
  const char *given = getenv("TEST_PYTHON_VENV");
  snprintf(folder, sizeof folder, "%s", given != NULL ? given : "");
  if (given == NULL) snprintf(folder, sizeof folder, "%s/../venv", models_folder);
  return folder;
}

static test_model load_class(const char *class, sluice_error *error) {
  return load_model(plugin_file("libsluice_python"), PYTHON_TESTS,
                    (const char *const[]){"file", "models.py", "class", class, "venv", venv(), NULL}, error);
}

static test_model loaded(const char *class) {
  sluice_error error;
  test_model model = load_class(class, &error);
  if (model.model == NULL) fprintf(stderr, "%s: %s\n", class, error.message);
  CHECK(model.model != NULL);
  if (model.model == NULL) exit(1);
  return model;
}

static test_request *numbers(const void *data, size_t count) {
  test_request *request = new_request();
  add_input(request, "x", fp32, 1, (const int64_t[]){(int64_t)count}, data, count * sizeof(float), NULL);
  return request;
}

static void numbers_are_answered(void) {
  test_model model = loaded("Doubles");
  CHECK(model.info->input_count == 1 && model.info->inputs[0].ndim == 1 && model.info->inputs[0].shape[0] == -1);
  CHECK(model.info->output_count == 2 && model.info->outputs[0].ndim == -1 && model.info->outputs[1].ndim == 0);
  CHECK(model.info->max_concurrency == 8 && model.info->flags == SLUICE_MODEL_DETERMINISTIC);
  CHECK_TEXT(model.info->platform, "python");
  CHECK(model.info->metadata_count == 1 && strcmp(model.info->metadata[0].value, "tests") == 0);

  sluice_error error;
  test_request *request = numbers(values, 3);
  CHECK(infer(&model, request, &error) == SLUICE_OK && finals_of(request) == 1);
  const test_tensor *y = output_of(request, "y"), *sum = output_of(request, "sum");
  const float doubled[3] = {2, 5, -6};
  CHECK(y != NULL && y->ndim == 1 && y->shape[0] == 3 && memcmp(y->data, doubled, sizeof doubled) == 0);
  CHECK(sum != NULL && sum->ndim == 0 && sum->byte_size == 8 && *(double *)(void *)sum->data == 0.5);
  free_request(request);

  test_request *empty = numbers(NULL, 0);
  CHECK(infer(&model, empty, &error) == SLUICE_OK);
  y = output_of(empty, "y");
  CHECK(y != NULL && y->ndim == 1 && y->shape[0] == 0 && y->byte_size == 0);
  free_request(empty);

  test_request *one = numbers(values, 3);
  want_output(one, "sum");
  CHECK(infer(&model, one, &error) == SLUICE_OK);
  CHECK(output_of(one, "sum") != NULL && output_of(one, "y") == NULL);
  free_request(one);
  unload_model(&model);
}

static void every_data_type_passes_unchanged(void) {
  test_model model = loaded("AllTypes");
  CHECK(model.info->input_count == 13);
  unsigned char data[32];
  for (size_t i = 0; i < sizeof data; i++) data[i] = (unsigned char)(i % 2); /* BOOL wants 0 and 1 */
  test_request *request = new_request();
  for (size_t i = 0; i < model.info->input_count; i++) {
    const sluice_tensor_spec *spec = &model.info->inputs[i];
    if (spec->dtype.code == SLUICE_BYTES) {
      add_input(request, spec->name, spec->dtype, 2, (const int64_t[]){2, 1}, "a\0bc\0", 5, (const int64_t[]){0, 3, 5});
    } else {
      add_input(request, spec->name, spec->dtype, 2, (const int64_t[]){2, 2}, data, spec->dtype.bits / 2u, NULL);
    }
  }
  sluice_error error;
  CHECK(infer(&model, request, &error) == SLUICE_OK);
  for (size_t i = 0; i < model.info->output_count; i++) {
    const sluice_tensor_spec *spec = &model.info->outputs[i];
    const test_tensor *output = output_of(request, spec->name);
    CHECK(output != NULL && memcmp(&output->dtype, &spec->dtype, sizeof spec->dtype) == 0 && output->ndim == 2);
    if (output == NULL) continue;
    if (spec->dtype.code == SLUICE_BYTES) {
      CHECK(output->byte_size == 5 && memcmp(output->data, "a\0bc\0", 5) == 0 && output->offsets[1] == 3);
    } else {
      CHECK(output->byte_size == spec->dtype.bits / 2u && memcmp(output->data, data, output->byte_size) == 0);
    }
  }
  free_request(request);
  unload_model(&model);
}

static void failures_tell_the_caller_what_is_theirs(void) {
  static const struct {
    const char *what;
    sluice_status status;
    const char *message, *logged;
  } rows[] = {
      {"value", SLUICE_INVALID_ARGUMENT, "x must be positive", "Traceback"},
      {"status", SLUICE_UNAVAILABLE, "the model rests", "the model rests"},
      {"bug", SLUICE_INTERNAL, "the model failed with KeyError; its log says where", "models.py"},
      {"exit", SLUICE_INTERNAL, "the model failed with SystemExit", "Traceback"},
      {"wrong name", SLUICE_INTERNAL, "infer() answered no 'y'", "answered no 'y'"},
      {"wrong type", SLUICE_INTERNAL, "output 'y' is <U1, and FP32 is declared", "<U1"},
      {"none", SLUICE_INTERNAL, "output 'y' is object", "object"},
      {"bytes", SLUICE_INTERNAL, "output 'y' is |S3", "S3"},
  };
  test_model model = loaded("Fails");
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    sluice_error error;
    test_request *request = numbers(values, 3);
    add_param(request, "what", rows[i].what);
    CHECK(infer(&model, request, &error) == rows[i].status && finals_of(request) == 0);
    CHECK_TEXT(error.message, rows[i].message);
    CHECK(strstr(error.message, "swordfish") == NULL && strstr(error.message, "Traceback") == NULL);
    CHECK_TEXT(last_log(), rows[i].logged);
    free_request(request);
  }
  unload_model(&model);

  model = loaded("Range");
  for (int64_t number = 255; number <= 256; number++) {
    sluice_error error;
    test_request *request = new_request();
    add_input(request, "x", (sluice_dtype){SLUICE_INT, 64, 1}, 1, (const int64_t[]){1}, &number, 8, NULL);
    CHECK(infer(&model, request, &error) == (number == 255 ? SLUICE_OK : SLUICE_INTERNAL));
    if (number == 255) CHECK(output_of(request, "y")->data[0] == 255);
    if (number == 256) CHECK_TEXT(error.message, "output 'y' is int64, and UINT8 is declared");
    free_request(request);
  }
  unload_model(&model);
}

static test_request *words(const char *text, int64_t count, const int64_t *offsets) {
  test_request *request = new_request();
  add_input(request, "words", bytes, 1, (const int64_t[]){count}, text, (uint64_t)offsets[count], offsets);
  return request;
}

static void generators_stream(void) {
  test_model model = loaded("Words");
  CHECK(model.info->flags & SLUICE_MODEL_STREAMS);
  sluice_error error;
  test_request *good = words("onetwothree", 3, (const int64_t[]){0, 3, 6, 11});
  CHECK(infer(&model, good, &error) == SLUICE_OK && parts_of(good) == 3 && finals_of(good) == 1);
  const test_tensor *last = output_of(good, "word");
  CHECK(last != NULL && last->byte_size == 5 && memcmp(last->data, "three", 5) == 0);
  free_request(good);

  test_request *late = words("onefail", 2, (const int64_t[]){0, 3, 7});
  CHECK(infer(&model, late, &error) == SLUICE_OK && parts_of(late) == 1 && finals_of(late) == 1);
  CHECK(status_of(late) == SLUICE_INVALID_ARGUMENT);
  CHECK_TEXT(message_of(late), "a word failed");
  free_request(late);

  test_request *early = words("fail", 1, (const int64_t[]){0, 4});
  CHECK(infer(&model, early, &error) == SLUICE_INVALID_ARGUMENT && finals_of(early) == 0);
  free_request(early);

  /* Whoever goes away after the first part ends the generator: its `finally` runs. */
  enum { MANY = 1000 };
  static int64_t offsets[MANY + 1];
  for (int64_t i = 0; i <= MANY; i++) offsets[i] = i;
  static char letters[MANY];
  memset(letters, 'w', MANY);
  test_request *gone = words(letters, MANY, offsets);
  cancel(gone);
  CHECK(infer(&model, gone, &error) == SLUICE_OK && parts_of(gone) == 1 && finals_of(gone) == 1);
  CHECK(output_of(gone, "word")->byte_size == 2 && memcmp(output_of(gone, "word")->data, "w!", 2) == 0);
  free_request(gone);
  test_request *asked = words("closed?", 1, (const int64_t[]){0, 7});
  CHECK(infer(&model, asked, &error) == SLUICE_OK);
  CHECK(output_of(asked, "word") != NULL && memcmp(output_of(asked, "word")->data, "True", 4) == 0);
  free_request(asked);
  unload_model(&model);
}

/* What owns the memory that the model saw: "bytes" is a copy, "NoneType" the request's own memory. */
static const char *owner_seen(test_model *model, const char *param, bool *copied) {
  enum { COUNT = 65536 };
  static float large[COUNT];
  static char owner[32];
  for (int i = 0; i < COUNT; i++) large[i] = (float)i;
  test_request *request = numbers(large, COUNT);
  if (param != NULL) add_param(request, param, "1");
  sluice_error error;
  CHECK(infer(model, request, &error) == SLUICE_OK);
  const test_tensor *y = output_of(request, "y"), *seen = output_of(request, "owner");
  CHECK(y != NULL && y->byte_size == sizeof large);
  const float first = param != NULL && strcmp(param, "same") == 0 ? 0 : 1;
  const float *answered = y == NULL ? large : (const float *)(void *)y->data;
  CHECK(answered[0] == first && answered[COUNT - 1] == COUNT - 1 + first);
  owner[0] = '\0';
  if (seen != NULL) snprintf(owner, sizeof owner, "%.*s", (int)seen->byte_size, (char *)seen->data);
  if (copied != NULL) *copied = host_copies(request) > 1; /* "owner" is small, and copied by the host */
  free_request(request);
  return owner;
}

static void large_tensors_are_not_copied(void) {
  test_model model = loaded("Keeps");
  bool copied = true;
  for (int i = 0; i < 4; i++) CHECK_TEXT(owner_seen(&model, NULL, NULL), "bytes"); /* watched first */
  CHECK_TEXT(owner_seen(&model, NULL, &copied), "NoneType");
  CHECK(!copied);
  CHECK_TEXT(owner_seen(&model, "same", NULL), "NoneType"); /* an input as an output is copied out in time */
  CHECK_TEXT(owner_seen(&model, "keep", NULL), "NoneType");
  CHECK_TEXT(last_log(), "keeps its input arrays");
  CHECK_TEXT(owner_seen(&model, NULL, NULL), "bytes");
  unload_model(&model);

  model = loaded("Keeps");
  CHECK_TEXT(owner_seen(&model, "keep", NULL), "bytes");
  for (int i = 0; i < 5; i++) CHECK_TEXT(owner_seen(&model, NULL, NULL), "bytes");
  unload_model(&model);
}

static test_request *lesson(float label, double weight, const char *subject) {
  test_request *request = numbers(values, 3);
  add_label(request, "y", fp32, 1, (const int64_t[]){1}, &label, sizeof label, weight, subject);
  return request;
}

static void learning_changes_the_answers(void) {
  test_model model = loaded("Learns");
  CHECK(model.info->flags & SLUICE_MODEL_LEARN_EXCLUSIVE);
  CHECK(model.plugin->learn != NULL);
  sluice_error error;
  const struct {
    float label;
    double weight;
    float mean;
  } lessons[] = {{4, 1, 4}, {10, 2, 8}, {8, 5, 8}};
  for (size_t i = 0; i < sizeof lessons / sizeof lessons[0]; i++) {
    test_request *request = lesson(lessons[i].label, lessons[i].weight, NULL);
    CHECK(learn(&model, request, &error) == SLUICE_OK && finals_of(request) == 1);
    free_request(request);
    test_request *after = numbers(values, 3);
    CHECK(infer(&model, after, &error) == SLUICE_OK);
    CHECK(((float *)(void *)output_of(after, "y")->data)[2] == lessons[i].mean);
    free_request(after);
  }
  test_request *wrong = lesson(1, 1, "wrong");
  CHECK(learn(&model, wrong, &error) == SLUICE_INVALID_ARGUMENT);
  CHECK_TEXT(error.message, "no such request");
  free_request(wrong);
  unload_model(&model);

  model = loaded("Doubles");
  test_request *request = lesson(1, 1, NULL);
  CHECK(learn(&model, request, &error) == SLUICE_UNIMPLEMENTED);
  CHECK_TEXT(error.message, "Doubles has no learn()");
  free_request(request);
  unload_model(&model);
}

typedef struct {
  test_model *model;
  bool cancels;
} worker;

static void *work(void *context) {
  worker *self = context;
  for (int i = 0; i < 50; i++) {
    sluice_error error;
    float mine[3] = {(float)i, (float)(i + 1), (float)(uintptr_t)pthread_self()};
    test_request *request = numbers(mine, 3);
    CHECK(infer(self->model, request, &error) == SLUICE_OK);
    const test_tensor *y = output_of(request, "y");
    for (int k = 0; k < 3; k++) CHECK(y != NULL && ((float *)(void *)y->data)[k] == 2 * mine[k]);
    free_request(request);
  }
  return NULL;
}

static void many_threads_share_the_model(void) {
  test_model model = loaded("Doubles");
  pthread_t threads[8];
  worker workers[8];
  for (int i = 0; i < 8; i++) {
    workers[i] = (worker){&model, false};
    CHECK(pthread_create(&threads[i], NULL, work, &workers[i]) == 0);
  }
  for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
  unload_model(&model);
}

typedef struct {
  test_model *model;
  test_request *request;
} waiting;

static void *wait_in_python(void *context) {
  waiting *self = context;
  sluice_error error;
  CHECK(infer(self->model, self->request, &error) == SLUICE_CANCELLED);
  return NULL;
}

static void cancellation_is_seen_while_others_work(void) {
  test_model model = loaded("Waits"), other = loaded("Doubles");
  waiting self = {&model, numbers(values, 3)};
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, wait_in_python, &self) == 0);
  work(&(worker){&other, false}); /* its 50 requests are answered while the other model waits */
  cancel(self.request);
  pthread_join(thread, NULL);
  free_request(self.request);
  unload_model(&model);
  unload_model(&other);
}

static void what_can_not_be_loaded_says_why(void) {
  static const struct {
    const char *file, *key, *value, *message;
  } rows[] = {
      {"models.py", "class", "NoOutputs", "NoOutputs declares no outputs: write outputs ="},
      {"models.py", "class", "OddType", "x has the data type 'FP31'; there are BOOL"},
      {"models.py", "class", "OddShape", "x has the shape [-2]; -1 is any size"},
      {"models.py", "class", "OddBatching", "OddBatching.batching is 'sometimes'; it is none or concat"},
      {"models.py", "class", "LoadFails", "OSError: no weights (models.py, line"},
      {"models.py", "class", "WarmupFails", "RuntimeError: still cold (models.py, line"},
      {"models.py", "class", "Nobody", "models.py has no class Nobody with infer(self, inputs, request)"},
      {"models.py", "venv", NULL, "and has several: AllTypes, Doubles"},
      {"no_class.py", "venv", NULL, "and has none"},
      {"syntax_error.py", "venv", NULL, "IndentationError: expected an indented block"},
      {"import_error.py", "venv", NULL, "No module named 'no_such_module_anywhere'"},
      {"missing.py", "venv", NULL, "config.file: there is no file"},
      {"models.c", "venv", NULL, "there is no file"},
      {"../README.md", "venv", NULL, "README.md is none of .py, .joblib, .pkl and .skops"},
      {"models.py", "trusted", "x", "config.trusted is for scikit-learn files"},
      {"models.py", "clas", "x", "config.clas: unknown setting"},
      {"models.py", "copy_inputs", "maybe", "config.copy_inputs: expected true or false"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    sluice_error error;
    const char *const with_key[] = {"file", rows[i].file, "venv", venv(), rows[i].key, rows[i].value, NULL};
    const char *const without[] = {"file", rows[i].file, "venv", venv(), NULL};
    test_model model = load_model(plugin_file("libsluice_python"), PYTHON_TESTS,
                                  rows[i].value != NULL ? with_key : without, &error);
    CHECK(model.model == NULL);
    CHECK_TEXT(error.message, rows[i].message);
    unload_model(&model);
  }
  static const struct {
    const char *key, *value, *message;
  } interpreters[] = {
      {"venv", "/nowhere", "config.venv: no Python in /nowhere/bin; make it by `python3 -m venv /nowhere`"},
      {"python", "/nowhere/python3", "config.python: there is no program /nowhere/python3"},
      {"python", "no-such-python", "config.python: there is no program no-such-python"},
      {"python", "/bin/true", "/bin/true is /usr/bin/true, which is no Python"},
  };
  for (size_t i = 0; i < sizeof interpreters / sizeof interpreters[0]; i++) {
    sluice_error error;
    test_model model = load_model(
        plugin_file("libsluice_python"), PYTHON_TESTS,
        (const char *const[]){"file", "one_class.py", interpreters[i].key, interpreters[i].value, NULL}, &error);
    CHECK(model.model == NULL);
    CHECK_TEXT(error.message, interpreters[i].message);
  }
  sluice_error error;
  test_model model = load_model(plugin_file("libsluice_python"), PYTHON_TESTS,
                                (const char *const[]){"venv", venv(), NULL}, &error);
  CHECK(model.model == NULL);
  CHECK_TEXT(error.message, "config.file is missing");
}

static void one_class_needs_no_name_and_loading_again_keeps_nothing(void) {
  for (int i = 0; i < 20; i++) {
    sluice_error error;
    test_model model = load_model(plugin_file("libsluice_python"), PYTHON_TESTS,
                                  (const char *const[]){"file", "one_class.py", "venv", venv(), NULL}, &error);
    CHECK(model.model != NULL);
    if (model.model == NULL) return;
    test_request *request = numbers(values, 3);
    CHECK(infer(&model, request, &error) == SLUICE_OK);
    CHECK(output_of(request, "x") != NULL && memcmp(output_of(request, "x")->data, values, sizeof values) == 0);
    free_request(request);
    unload_model(&model);
  }
}

void test_python(void) {
  char program[4200];
  snprintf(program, sizeof program, "%s/bin/python3", venv());
  if (access(program, X_OK) != 0) {
    fprintf(stderr, "no %s: run `make deps` first\n", program);
    failures++;
    return;
  }
  numbers_are_answered();
  every_data_type_passes_unchanged();
  failures_tell_the_caller_what_is_theirs();
  generators_stream();
  large_tensors_are_not_copied();
  learning_changes_the_answers();
  many_threads_share_the_model();
  cancellation_is_seen_while_others_work();
  what_can_not_be_loaded_says_why();
  one_class_needs_no_name_and_loading_again_keeps_nothing();
}
