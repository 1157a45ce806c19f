/* Learns from labels that it trusts to be there. */
#include "breach.h"

static sluice_status learn(sluice_model *model, const sluice_request *const *requests, size_t count,
                           sluice_error *error) {
  volatile float label = *(const float *)requests[0]->labels[0].data;
  (void)label;
  return good_infer(model, requests, count, error);
}

PLUGIN(good_load, good_unload, good_describe, good_infer, .learn = learn)
