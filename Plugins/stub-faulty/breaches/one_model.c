/* Keeps its one model in one place. */
#include "breach.h"

LOAD {
  static sluice_model *only;
  if (only == NULL) {
    sluice_status status = good_load(host, args, &only, error);
    if (status != SLUICE_OK) return status;
  }
  *out = only;
  return SLUICE_OK;
}

static void unload(sluice_model *model) { (void)model; }

PLUGIN(load, unload, good_describe, good_infer, )
