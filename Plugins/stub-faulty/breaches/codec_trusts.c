/* Reads the first bytes of a body without looking whether it has any. */
#include "breach.h"

static sluice_status decode(sluice_model *model, const sluice_request *const *requests, size_t count, sluice_error *error) {
  (void)model, (void)count;
  volatile char first = ((const char *)requests[0]->inputs[0].data)[0];
  return fail(error, SLUICE_INVALID_ARGUMENT, "a body that begins with %d is none", first);
}

static const char *const types[] = {"application/x-breach", NULL};

PLUGIN(good_load, good_unload, good_describe, NULL, .decode = decode, .content_types = types)
