/* The ffi plugin: signatures, right and wrong, over a library that knows nothing of Sluice. */
#include "check.h"
#include "host.h"

static const sluice_dtype fp32 = {SLUICE_FLOAT, 32, 1}, fp64 = {SLUICE_FLOAT, 64, 1}, int16 = {SLUICE_INT, 16, 1},
                          int32 = {SLUICE_INT, 32, 1}, uint8 = {SLUICE_UINT, 8, 1};

/* `more` is up to three pairs of further options. */
static test_model load_function(const char *symbol, const char *signature, const char *const *more,
                                sluice_error *error) {
  char library[4200];
  snprintf(library, sizeof library, "%s-tests/libfunctions.so", plugins_folder);
  const char *options[16] = {"library", library, "symbol", symbol, "signature", signature};
  size_t count = 6;
  for (size_t i = 0; more != NULL && more[i] != NULL; i++) options[count++] = more[i];
  return load_model(plugin_file("libsluice_ffi"), "/tmp", options, error);
}

static test_model loaded(const char *symbol, const char *signature, const char *const *more) {
  sluice_error error;
  test_model model = load_function(symbol, signature, more, &error);
  if (model.model == NULL) fprintf(stderr, "%s: %s\n", signature, error.message);
  CHECK(model.model != NULL);
  return model;
}

#define INPUT(request, name, dtype, rank, shape, data) \
  add_input(request, name, dtype, rank, (const int64_t[])shape, data, sizeof data, NULL)
#define SHAPE(...) {__VA_ARGS__}

static void rows_are_scored(void) {
  test_model model = loaded("score", "(f32 in[n,4], i64 n, f32 out[n]) -> i32", NULL);
  if (model.model == NULL) return;
  CHECK(model.info->input_count == 1 && model.info->inputs[0].ndim == 2 && model.info->inputs[0].shape[0] == -1);
  CHECK(model.info->inputs[0].shape[1] == 4 && model.info->outputs[0].ndim == 1 && model.info->max_concurrency == 1);
  sluice_error error;
  const float rows[8] = {1, 2, 3, 4, 0.5f, 0, 2, 2};
  test_request *request = new_request();
  INPUT(request, "in", fp32, 2, SHAPE(2, 4), rows);
  CHECK(infer(&model, request, &error) == SLUICE_OK && finals_of(request) == 1 && host_copies(request) == 0);
  const test_tensor *out = output_of(request, "out");
  const float scores[2] = {-7, -3.5f};
  CHECK(out != NULL && out->shape[0] == 2 && memcmp(out->data, scores, sizeof scores) == 0);
  free_request(request);

  test_request *none = new_request();
  add_input(none, "in", fp32, 2, (const int64_t[]){0, 4}, NULL, 0, NULL);
  CHECK(infer(&model, none, &error) == SLUICE_OK);
  CHECK(output_of(none, "out") != NULL && output_of(none, "out")->shape[0] == 0);
  free_request(none);

  /* What a host lets through by mistake doesn't reach the function: it would read past the buffer. */
  const struct {
    const char *name;
    sluice_dtype dtype;
    int32_t rank;
    int64_t shape[2];
    const char *message;
  } wrong[] = {
      {"in", {SLUICE_FLOAT, 32, 1}, 2, {3, 4}, "\"in\" has 32 bytes where its shape takes 48"},
      {"in", {SLUICE_FLOAT, 32, 1}, 2, {4, 2}, "\"in\" has 2 in dimension 1, where 4 is declared"},
      {"in", {SLUICE_FLOAT, 32, 1}, 1, {8, 0}, "another type or rank"},
      {"in", {SLUICE_INT, 32, 1}, 2, {2, 4}, "another type or rank"},
      {"in", {SLUICE_FLOAT, 32, 1}, 2, {-2, 4}, "\"in\" has -2 in dimension 0"},
      {"x", {SLUICE_FLOAT, 32, 1}, 2, {2, 4}, "input \"in\" is missing"},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    test_request *bad = new_request();
    add_input(bad, wrong[i].name, wrong[i].dtype, wrong[i].rank, wrong[i].shape, rows, sizeof rows, NULL);
    CHECK(infer(&model, bad, &error) == SLUICE_INVALID_ARGUMENT && finals_of(bad) == 0);
    CHECK_TEXT(error.message, wrong[i].message);
    free_request(bad);
  }
  unload_model(&model);
}

/* Inputs and outputs have exactly their size here, and the function is compiled with the sanitizer, too: under ASan whatever
 * it is told wrongly about a length ends this program. */
static void every_length_fits_to_the_element(void) {
  test_model model = loaded("score", "(f32 in[n,4], i64 n, f32 out[n]) -> i32", NULL);
  test_model top = loaded("top", "(i32 values[n], u64 n, i8 k, i32 out[k], i64 out_at[k]) -> void",
                          (const char *const[]){"values.k", "3", NULL});
  if (model.model == NULL || top.model == NULL) return;
  sluice_error error;
  float rows[40 * 4];
  int32_t values[40];
  for (int i = 0; i < 40 * 4; i++) rows[i] = (float)i;
  for (int i = 0; i < 40; i++) values[i] = i;
  for (int64_t n = 1; n <= 40; n++) {
    test_request *request = new_request();
    add_input(request, "in", fp32, 2, (const int64_t[]){n, 4}, rows, (uint64_t)n * 16, NULL);
    CHECK(infer(&model, request, &error) == SLUICE_OK);
    const test_tensor *out = output_of(request, "out");
    CHECK(out != NULL && out->shape[0] == n && out->byte_size == (uint64_t)n * 4);
    free_request(request);

    /* One byte, element or row less than the shape says, and one more. */
    const uint64_t wrong[] = {(uint64_t)n * 16 - 1, (uint64_t)n * 16 - 4, (uint64_t)n * 16 - 16, (uint64_t)n * 16 + 1, (uint64_t)n * 16 + 16};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0] && wrong[i] <= sizeof rows; i++) {
      request = new_request();
      add_input(request, "in", fp32, 2, (const int64_t[]){n, 4}, rows, wrong[i], NULL);
      CHECK(infer(&model, request, &error) == SLUICE_INVALID_ARGUMENT && finals_of(request) == 0);
      free_request(request);
    }

    request = new_request();
    add_input(request, "values", int32, 1, (const int64_t[]){n}, values, (uint64_t)n * 4, NULL);
    CHECK(infer(&top, request, &error) == SLUICE_OK);
    CHECK(output_of(request, "out") != NULL && output_of(request, "out")->byte_size == 12);
    CHECK(output_of(request, "out_at") != NULL && output_of(request, "out_at")->byte_size == 24);
    free_request(request);
  }
  unload_model(&model);
  unload_model(&top);
}

static void a_status_is_an_error(void) {
  test_model model = loaded("refuse", "(f32 in[n], i32 n, f32 out[n]) -> i32", NULL);
  sluice_error error;
  test_request *request = new_request();
  INPUT(request, "in", fp32, 1, SHAPE(1), ((const float[1]){1}));
  CHECK(infer(&model, request, &error) == SLUICE_INTERNAL && finals_of(request) == 0);
  CHECK_TEXT(error.message, "refuse() returned -7");
  free_request(request);
  unload_model(&model);
}

static void numbers_come_from_requests_and_from_the_configuration(void) {
  test_model model = loaded("weighted", "(f64 x[n], f64 w[n], u16 n, f64 bias, bool negate) -> f64 sum",
                            (const char *const[]){"values.negate", "true", NULL});
  if (model.model == NULL) return;
  CHECK(model.info->input_count == 3 && model.info->inputs[2].ndim == 0);
  sluice_error error;
  const double x[3] = {1, 2, 3}, w[3] = {10, 100, 1000}, bias = 0.5;
  test_request *request = new_request();
  INPUT(request, "bias", fp64, 0, SHAPE(0), ((const double[1]){bias})); /* in another order than declared */
  INPUT(request, "x", fp64, 1, SHAPE(3), x);
  INPUT(request, "w", fp64, 1, SHAPE(3), w);
  CHECK(infer(&model, request, &error) == SLUICE_OK);
  const test_tensor *sum = output_of(request, "sum");
  CHECK(sum != NULL && sum->ndim == 0 && *(double *)(void *)sum->data == -3210.5);
  free_request(request);

  test_request *uneven = new_request();
  INPUT(uneven, "x", fp64, 1, SHAPE(3), x);
  INPUT(uneven, "w", fp64, 1, SHAPE(2), ((const double[2]){1, 2}));
  INPUT(uneven, "bias", fp64, 0, SHAPE(0), ((const double[1]){bias}));
  CHECK(infer(&model, uneven, &error) == SLUICE_INVALID_ARGUMENT);
  CHECK_TEXT(error.message, "n is 3 in input \"x\" and 2 in input \"w\"");
  free_request(uneven);

  static const double many[70000];
  test_request *large = new_request();
  INPUT(large, "x", fp64, 1, SHAPE(70000), many);
  INPUT(large, "w", fp64, 1, SHAPE(70000), many);
  INPUT(large, "bias", fp64, 0, SHAPE(0), ((const double[1]){bias}));
  CHECK(infer(&model, large, &error) == SLUICE_OUT_OF_RANGE);
  CHECK_TEXT(error.message, "n is 70000, too large for the function's u16");
  free_request(large);
  unload_model(&model);
}

static void several_outputs_of_a_configured_size(void) {
  test_model model = loaded("top", "(i32 values[n], u64 n, i8 k, i32 out[k], i64 out_at[k]) -> void",
                            (const char *const[]){"values.k", "2", NULL});
  if (model.model == NULL) return;
  CHECK(model.info->outputs[0].shape[0] == 2 && model.info->output_count == 2);
  sluice_error error;
  const int32_t values[4] = {3, 9, -1, 7};
  test_request *request = new_request();
  INPUT(request, "values", int32, 1, SHAPE(4), values);
  want_output(request, "out_at");
  CHECK(infer(&model, request, &error) == SLUICE_OK);
  const int64_t at[2] = {1, 3};
  CHECK(output_of(request, "out") == NULL && output_of(request, "out_at") != NULL);
  CHECK(memcmp(output_of(request, "out_at")->data, at, sizeof at) == 0);
  free_request(request);
  unload_model(&model);
}

static void small_results_and_untouched_outputs(void) {
  sluice_error error;
  test_model model = loaded("highest", "(u8 in[n], i64 n) -> u8 most", NULL);
  test_request *request = new_request();
  INPUT(request, "in", uint8, 1, SHAPE(3), ((const unsigned char[3]){1, 250, 7}));
  CHECK(infer(&model, request, &error) == SLUICE_OK && output_of(request, "most")->data[0] == 250);
  free_request(request);
  unload_model(&model);

  model = loaded("negative", "(i16 x) -> i16 y", NULL);
  request = new_request();
  INPUT(request, "x", int16, 0, SHAPE(0), ((const int16_t[1]){12345}));
  CHECK(infer(&model, request, &error) == SLUICE_OK && *(int16_t *)(void *)output_of(request, "y")->data == -12345);
  free_request(request);
  unload_model(&model);

  model = loaded("fill_none", "(f32 out[2,3])", NULL);
  CHECK(model.info->input_count == 0);
  request = new_request();
  CHECK(infer(&model, request, &error) == SLUICE_OK);
  static const unsigned char zero[24];
  CHECK(output_of(request, "out")->byte_size == 24 && memcmp(output_of(request, "out")->data, zero, 24) == 0);
  free_request(request);
  unload_model(&model);
}

static void wrong_settings_say_what_and_where(void) {
  static const struct {
    const char *symbol, *signature, *key, *value, *message;
  } rows[] = {
      {"score", "f32 in[n]", NULL, NULL, "expected ( first at \"f32 in[n]\""},
      {"score", "(f32 in[n]", NULL, NULL, "expected ) or , after a parameter at the end"},
      {"score", "(f33 in[n], f32 out[n])", NULL, NULL, "expected a type (bool, i8, i16"},
      {"score", "(f32 in[n,], f32 out[n])", NULL, NULL, "expected a size or its name at \"], f32 out[n])\""},
      {"score", "(f32 in[n, f32 out[n])", NULL, NULL, "expected ] after an array's sizes"},
      {"score", "(f32 in[0], f32 out[1])", NULL, NULL, "a size is a whole number from 1 on at \"0]"},
      {"score", "(f32 in[4k], f32 out[1])", NULL, NULL, "a size is a whole number from 1 on at \"4k]"},
      {"score", "(f32 [n], f32 out[n])", NULL, NULL, "expected the name of a parameter at \"[n]"},
      {"score", "(f32 4in[n], f32 out[n])", NULL, NULL, "a name starts with a letter"},
      {"score", "(f32 in[n], f32 in[n])", NULL, NULL, "two parameters named in"},
      {"score", "(f32 in[n], out f32 y)", NULL, NULL, "an output is an array: write f32 y[1]"},
      {"score", "(f32 in[n], f32 out[m])", NULL, NULL, "nothing tells how large m of out is"},
      {"score", "(f32 in[n], f32 n, f32 out[n])", NULL, NULL, "n is a size, which is no f32"},
      {"score", "(f32 in[n])", NULL, NULL, "the function answers nothing"},
      {"score", "(f32 in[n]) -> i32", NULL, NULL, "the function answers nothing"},
      {"score", "(f32 in[n]) -> f64", NULL, NULL, "only an i32 can be a status"},
      {"score", "(f32 in[n]) -> f64 in", NULL, NULL, "the result and a parameter are both named in"},
      {"score", "(f32 in[n], f32 out[n]) -> i32 2", NULL, NULL, "a name starts with a letter"},
      {"score", "(f32 in[n], f32 out[n]) -> void y", NULL, NULL, "nothing can follow at \"y\""},
      {"score", "(f32 in[n], f32 out[n]);", NULL, NULL, "nothing can follow at \";\""},
      {"score", "(f32 in[n], f32 out[k])", "values.k", "0", "config.values.k: a size is a whole number from 1 on"},
      {"score", "(f32 in[n], f32 out[n])", "values.k", "3", "config.values.k: no parameter and no size"},
      {"score", "(f32 in[n], i8 a, f32 out[n])", "values.a", "200", "config.values.a: \"200\" is no i8"},
      {"score", "(f32 in[n], u8 a, f32 out[n])", "values.a", "-1", "config.values.a: \"-1\" is no u8"},
      {"score", "(f32 in[n], bool a, f32 out[n])", "values.a", "1", "config.values.a: \"1\" is no bool"},
      {"score", "(f32 in[n], f64 a, f32 out[n])", "values.a", "much", "config.values.a: \"much\" is no f64"},
      {"nothing", "(f32 in[n], f32 out[n])", NULL, NULL, "has no function nothing"},
      {"score", "(f32 in[n], f32 out[n])", "max_concurrency", "0", "config.max_concurrency: expected a whole number"},
      {"score", "(f32 in[n], f32 out[n])", "symbl", "x", "config.symbl: unknown setting"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    sluice_error error;
    const char *const more[] = {rows[i].key, rows[i].value, NULL};
    test_model model = load_function(rows[i].symbol, rows[i].signature, rows[i].key == NULL ? NULL : more, &error);
    CHECK(model.model == NULL && error.code == SLUICE_INVALID_ARGUMENT);
    CHECK_TEXT(error.message, rows[i].message);
    unload_model(&model);
  }
  sluice_error error;
  test_model model = load_model(plugin_file("libsluice_ffi"), "/tmp",
                                (const char *const[]){"library", "./no.so", "symbol", "f", "signature",
                                                      "(f32 out[1])", NULL}, &error);
  CHECK(model.model == NULL);
  CHECK_TEXT(error.message, "config.library: /tmp/./no.so");
  model = load_model(plugin_file("libsluice_ffi"), "/tmp", (const char *const[]){"library", "libm.so.6", NULL}, &error);
  CHECK(model.model == NULL);
  CHECK_TEXT(error.message, "config.signature is missing");
}

static void any_installed_library_will_do(void) {
  sluice_error error;
  test_model model = load_model(plugin_file("libsluice_ffi"), "/tmp",
                                (const char *const[]){"library", "libm.so.6", "symbol", "pow", "signature",
                                                      "(f64 x, f64 y) -> f64 power", "deterministic", "true",
                                                      "max_concurrency", "8", NULL}, &error);
  CHECK(model.model != NULL);
  if (model.model == NULL) return;
  CHECK(model.info->max_concurrency == 8 && model.info->flags == SLUICE_MODEL_DETERMINISTIC);
  test_request *request = new_request();
  INPUT(request, "x", fp64, 0, SHAPE(0), ((const double[1]){2}));
  INPUT(request, "y", fp64, 0, SHAPE(0), ((const double[1]){10}));
  CHECK(infer(&model, request, &error) == SLUICE_OK);
  CHECK(*(double *)(void *)output_of(request, "power")->data == 1024);
  free_request(request);
  unload_model(&model);
}

void test_ffi(void) {
  rows_are_scored();
  every_length_fits_to_the_element();
  a_status_is_an_error();
  numbers_come_from_requests_and_from_the_configuration();
  several_outputs_of_a_configured_size();
  small_results_and_untouched_outputs();
  wrong_settings_say_what_and_where();
  any_installed_library_will_do();
}
