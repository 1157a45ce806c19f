/* Describes nothing. */
#include "breach.h"

static const sluice_model_info *describe(sluice_model *model) {
  (void)model;
  return NULL;
}

PLUGIN(good_load, good_unload, describe, good_infer, )
