/* Decodes, and does not say what. */
#include "breach.h"

static sluice_status decode(sluice_model *model, const sluice_request *const *requests, size_t count, sluice_error *error) {
  (void)model, (void)count, (void)requests;
  return fail(error, SLUICE_INVALID_ARGUMENT, "no such body");
}

PLUGIN(good_load, good_unload, good_describe, NULL, .decode = decode)
