/* options.h - reading a model's `config:` block, which the host hands over as "dotted.path" = text.
 *
 * Header only, for C and C++; each plugin keeps its own copy, so that a plugin is still one file that needs nothing. */
#ifndef SLUICE_OPTIONS_H
#define SLUICE_OPTIONS_H
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sluice_plugin.h"

/* Fills in `error` (which may be NULL) and returns its code, so that a failure is one `return`. */
__attribute__((format(printf, 3, 4), unused)) static sluice_status fail(sluice_error *error, sluice_status code,
                                                                        const char *format, ...) {
  if (error != NULL) {
    va_list arguments;
    va_start(arguments, format);
    error->code = code;
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
  }
  return code;
}

/* The value at `key`, or `fallback`. */
__attribute__((unused)) static const char *option_text(const sluice_load_args *args, const char *key,
                                                       const char *fallback) {
  for (size_t i = 0; i < args->option_count; i++) {
    if (strcmp(args->options[i].key, key) == 0) return args->options[i].value;
  }
  return fallback;
}

/* A whole number within [least, most] into `value`, which keeps its default when the key is absent. */
__attribute__((unused)) static sluice_status option_integer(const sluice_load_args *args, const char *key,
                                                            int64_t least, int64_t most, int64_t *value,
                                                            sluice_error *error) {
  const char *text = option_text(args, key, NULL);
  if (text == NULL) return SLUICE_OK;
  char *end = NULL;
  errno = 0;
  long long parsed = strtoll(text, &end, 10);
  if (errno != 0 || end == text || *end != '\0' || parsed < least || parsed > most) {
    return fail(error, SLUICE_INVALID_ARGUMENT, "config.%s: expected a whole number from %lld to %lld, found \"%.64s\"",
                key, (long long)least, (long long)most, text);
  }
  *value = parsed;
  return SLUICE_OK;
}

/* true or false into `value` (as 1 or 0), which keeps its default when the key is absent. */
__attribute__((unused)) static sluice_status option_boolean(const sluice_load_args *args, const char *key, int *value,
                                                            sluice_error *error) {
  const char *text = option_text(args, key, NULL);
  if (text == NULL) return SLUICE_OK;
  if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
    *value = text[0] == 't';
    return SLUICE_OK;
  }
  return fail(error, SLUICE_INVALID_ARGUMENT, "config.%s: expected true or false, found \"%.64s\"", key, text);
}

/* The position of the value at `key` in `choices` (which ends with NULL) into `chosen`. The error lists the choices. */
__attribute__((unused)) static sluice_status option_choice(const sluice_load_args *args, const char *key,
                                                           const char *const *choices, int *chosen,
                                                           sluice_error *error) {
  const char *text = option_text(args, key, NULL);
  if (text == NULL) return SLUICE_OK;
  char listed[256] = "";
  for (int i = 0; choices[i] != NULL; i++) {
    if (strcmp(choices[i], text) == 0) {
      *chosen = i;
      return SLUICE_OK;
    }
    size_t used = strlen(listed);
    snprintf(listed + used, sizeof listed - used, "%s%s", i == 0 ? "" : ", ", choices[i]);
  }
  return fail(error, SLUICE_INVALID_ARGUMENT, "config.%s: expected one of %s, found \"%.64s\"", key, listed, text);
}

/* Refuses a key that no setting reads: a misspelt setting must not be silently ignored. `known` lists the first words
 * of dotted paths and ends with NULL. */
__attribute__((unused)) static sluice_status options_refuse_unknown(const sluice_load_args *args,
                                                                    const char *const *known, sluice_error *error) {
  for (size_t i = 0; i < args->option_count; i++) {
    const char *key = args->options[i].key;
    size_t length = strcspn(key, ".");
    char listed[256] = "";
    int found = 0;
    for (int k = 0; known[k] != NULL && !found; k++) {
      found = strlen(known[k]) == length && strncmp(known[k], key, length) == 0;
      size_t used = strlen(listed);
      snprintf(listed + used, sizeof listed - used, "%s%s", k == 0 ? "" : ", ", known[k]);
    }
    if (!found) {
      return fail(error, SLUICE_INVALID_ARGUMENT, "config.%.*s: unknown setting; this plugin reads %s",
                  (int)(length < 64 ? length : 64), key, listed);
    }
  }
  return SLUICE_OK;
}

/* The Open Inference Protocol's names for data types. */
static const struct {
  const char *name;
  sluice_dtype dtype;
} datatype_names[] = {
    {"BOOL", {SLUICE_BOOL, 8, 1}},    {"UINT8", {SLUICE_UINT, 8, 1}},   {"UINT16", {SLUICE_UINT, 16, 1}},
    {"UINT32", {SLUICE_UINT, 32, 1}}, {"UINT64", {SLUICE_UINT, 64, 1}}, {"INT8", {SLUICE_INT, 8, 1}},
    {"INT16", {SLUICE_INT, 16, 1}},   {"INT32", {SLUICE_INT, 32, 1}},   {"INT64", {SLUICE_INT, 64, 1}},
    {"FP16", {SLUICE_FLOAT, 16, 1}},  {"BF16", {SLUICE_BFLOAT, 16, 1}}, {"FP32", {SLUICE_FLOAT, 32, 1}},
    {"FP64", {SLUICE_FLOAT, 64, 1}},  {"BYTES", {SLUICE_BYTES, 8, 1}},
};

/* The data type at `key` into `dtype`, which keeps its default when the key is absent. */
__attribute__((unused)) static sluice_status option_datatype(const sluice_load_args *args, const char *key,
                                                             sluice_dtype *dtype, sluice_error *error) {
  const char *text = option_text(args, key, NULL);
  if (text == NULL) return SLUICE_OK;
  for (size_t i = 0; i < sizeof datatype_names / sizeof datatype_names[0]; i++) {
    if (strcmp(datatype_names[i].name, text) == 0) {
      *dtype = datatype_names[i].dtype;
      return SLUICE_OK;
    }
  }
  return fail(error, SLUICE_INVALID_ARGUMENT, "config.%s: unknown data type \"%.64s\"; write it as FP32, INT64, BYTES",
              key, text);
}

/* The name of a data type for messages. */
__attribute__((unused)) static const char *datatype_name(sluice_dtype dtype) {
  for (size_t i = 0; i < sizeof datatype_names / sizeof datatype_names[0]; i++) {
    if (memcmp(&datatype_names[i].dtype, &dtype, sizeof dtype) == 0) return datatype_names[i].name;
  }
  return "an unknown data type";
}

/* The request's parameter `key`, or `fallback`. */
__attribute__((unused)) static const char *param_text(const sluice_request *request, const char *key,
                                                      const char *fallback) {
  for (size_t i = 0; i < request->param_count; i++) {
    if (strcmp(request->params[i].key, key) == 0) return request->params[i].value;
  }
  return fallback;
}

/* Whether the caller asked for this output: for all of them when it named none. */
__attribute__((unused)) static int output_is_wanted(const sluice_request *request, const char *name) {
  for (size_t i = 0; i < request->wanted_count; i++) {
    if (strcmp(request->wanted[i], name) == 0) return 1;
  }
  return request->wanted_count == 0;
}

#endif
