/* Frees its model twice. */
#include "breach.h"

static void unload(sluice_model *model) {
  void *volatile again = model;
  free(model);
  free(again);
}

PLUGIN(good_load, unload, good_describe, good_infer, )
