/* Copies parameters into a buffer that is too small. */
#include "breach.h"

INFER {
  for (size_t i = 0; i < requests[0]->param_count; i++) {
    volatile char copy[256];
    for (size_t k = 0; requests[0]->params[i].value[k] != '\0'; k++) copy[k] = requests[0]->params[i].value[k];
    (void)copy[0];
  }
  return good_infer(model, requests, count, error);
}

PLUGIN(good_load, good_unload, good_describe, infer, )
