#include "check.h"
#include "host.h"

static const sluice_dtype fp32 = {SLUICE_FLOAT, 32, 1};
static const sluice_dtype bytes = {SLUICE_BYTES, 8, 1};

static test_model load_echo(const char *const *options, sluice_error *error) {
  return load_model(plugin_file("libsluice_echo"), "/tmp", options, error);
}

static void default_model_answers_any_rank(void) {
  sluice_error error;
  test_model model = load_echo((const char *const[]){NULL}, &error);
  CHECK(model.model != NULL);
  if (model.model == NULL) return;
  CHECK(model.info->input_count == 1 && strcmp(model.info->inputs[0].name, "INPUT0") == 0);
  CHECK(model.info->inputs[0].ndim == -1);
  CHECK(strcmp(model.info->outputs[0].name, "OUTPUT0") == 0);
  CHECK(model.info->flags == (SLUICE_MODEL_QUICK | SLUICE_MODEL_DETERMINISTIC));

  const float values[6] = {1, 2, 3, -4, 0.5f, 1e30f};
  const int64_t shapes[][3] = {{6, 0, 0}, {2, 3, 0}, {1, 2, 3}};
  for (int32_t rank = 1; rank <= 3; rank++) {
    test_request *request = new_request();
    add_input(request, "INPUT0", fp32, rank, shapes[rank - 1], values, sizeof values, NULL);
    CHECK(infer(&model, request, &error) == SLUICE_OK);
    const test_tensor *output = output_of(request, "OUTPUT0");
    CHECK(finals_of(request) == 1 && output != NULL);
    CHECK(output != NULL && output->ndim == rank && output->byte_size == sizeof values);
    CHECK(output != NULL && memcmp(output->data, values, sizeof values) == 0);
    CHECK(output != NULL && memcmp(output->shape, shapes[rank - 1], (size_t)rank * 8) == 0);
    CHECK(host_copies(request) == 1);
    free_request(request);
  }
  unload_model(&model);
}

static void empty_tensors_and_scalars_pass(void) {
  sluice_error error;
  test_model model = load_echo((const char *const[]){NULL}, &error);
  test_request *empty = new_request();
  add_input(empty, "INPUT0", fp32, 2, (const int64_t[]){0, 4}, NULL, 0, NULL);
  CHECK(infer(&model, empty, &error) == SLUICE_OK);
  const test_tensor *output = output_of(empty, "OUTPUT0");
  CHECK(output != NULL && output->byte_size == 0 && output->shape[0] == 0 && output->shape[1] == 4);
  free_request(empty);

  test_request *scalar = new_request();
  add_input(scalar, "INPUT0", fp32, 0, NULL, &(float){7}, sizeof(float), NULL);
  CHECK(infer(&model, scalar, &error) == SLUICE_OK);
  output = output_of(scalar, "OUTPUT0");
  CHECK(output != NULL && output->ndim == 0 && output->byte_size == sizeof(float));
  free_request(scalar);
  unload_model(&model);
}

static void declared_tensors_are_answered_by_name(void) {
  sluice_error error;
  test_model model = load_echo(
      (const char *const[]){"inputs.0.name", "words", "inputs.0.datatype", "BYTES", "inputs.0.shape.0", "-1",
                            "inputs.1.name", "pixels", "inputs.1.datatype", "UINT8", "inputs.1.shape.0", "2",
                            "inputs.1.shape.1", "-1", "outputs.1.name", "copied", "batching", "concat",
                            "max_batch_rows", "8", NULL},
      &error);
  CHECK(model.model != NULL);
  if (model.model == NULL) return;
  CHECK(model.info->input_count == 2 && model.info->output_count == 2);
  CHECK(model.info->inputs[0].dtype.code == SLUICE_BYTES && model.info->inputs[0].ndim == 1);
  CHECK(model.info->inputs[1].ndim == 2 && model.info->inputs[1].shape[0] == 2);
  CHECK(strcmp(model.info->outputs[0].name, "words") == 0 && strcmp(model.info->outputs[1].name, "copied") == 0);
  CHECK(model.info->batching == SLUICE_BATCH_CONCAT && model.info->max_batch_rows == 8);

  test_request *request = new_request(); /* in another order than declared */
  add_input(request, "pixels", (sluice_dtype){SLUICE_UINT, 8, 1}, 3, (const int64_t[]){1, 2, 2}, "abcd", 4, NULL);
  add_input(request, "words", bytes, 2, (const int64_t[]){1, 3}, "heyyou", 6, (const int64_t[]){0, 3, 3, 6});
  CHECK(infer(&model, request, &error) == SLUICE_OK);
  const test_tensor *words = output_of(request, "words"), *copied = output_of(request, "copied");
  CHECK(words != NULL && words->offsets != NULL && words->offsets[2] == 3 && memcmp(words->data, "heyyou", 6) == 0);
  CHECK(copied != NULL && copied->byte_size == 4 && memcmp(copied->data, "abcd", 4) == 0);
  free_request(request);

  test_request *one = new_request();
  add_input(one, "pixels", (sluice_dtype){SLUICE_UINT, 8, 1}, 3, (const int64_t[]){1, 2, 2}, "abcd", 4, NULL);
  want_output(one, "copied");
  CHECK(infer(&model, one, &error) == SLUICE_OK);
  CHECK(output_of(one, "copied") != NULL && output_of(one, "words") == NULL);
  free_request(one);

  test_request *missing = new_request();
  CHECK(infer(&model, missing, &error) == SLUICE_INVALID_ARGUMENT);
  CHECK_TEXT(error.message, "\"words\" is missing");
  CHECK(finals_of(missing) == 0);
  free_request(missing);
  unload_model(&model);
}

static void wrong_settings_are_refused(void) {
  static const struct {
    const char *key, *value, *message;
  } rows[] = {
      {"inputs.0.datatype", "FP31", "config.inputs.0.datatype: unknown data type \"FP31\""},
      {"inputs.0.shape.0", "many", "config.inputs.0.shape.0: expected a whole number"},
      {"inputs.0.shape.0", "-2", "config.inputs.0.shape.0"},
      {"inputs.0.name", "", "config.inputs.0.name: a name has 1 to 127 bytes"},
      {"inputs.99.name", "x", "config.inputs: more than 32 tensors"},
      {"batching", "sometimes", "config.batching: expected one of none, concat"},
      {"delay", "5ms", "config.delay: unknown setting"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    sluice_error error;
    test_model model = load_echo((const char *const[]){rows[i].key, rows[i].value, NULL}, &error);
    CHECK(model.model == NULL && error.code == SLUICE_INVALID_ARGUMENT);
    CHECK_TEXT(error.message, rows[i].message);
    unload_model(&model);
  }
}

void test_echo(void) {
  default_model_answers_any_rank();
  empty_tensors_and_scalars_pass();
  declared_tensors_are_answered_by_name();
  wrong_settings_are_refused();
}
