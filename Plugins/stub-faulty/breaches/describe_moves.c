/* Describes itself in another struct each time. */
#include "breach.h"

static const sluice_model_info *describe(sluice_model *model) {
  static sluice_model_info copies[2];
  static int next;
  next = !next;
  copies[next] = model->info;
  return &copies[next];
}

PLUGIN(good_load, good_unload, describe, good_infer, )
