/* Fails to warm up. */
#include "breach.h"

static sluice_status warmup(sluice_model *model, sluice_error *error) {
  (void)model;
  return fail(error, SLUICE_UNAVAILABLE, "it is too cold");
}

PLUGIN(good_load, good_unload, good_describe, good_infer, .warmup = warmup)
