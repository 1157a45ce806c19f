/* Returns an error from the middle of a list. */
#define BATCHING SLUICE_BATCH_LIST
#include "breach.h"

INFER {
  for (size_t i = 0; i < count; i++) {
    sluice_status status = good_answer(model, requests[i], SLUICE_FINAL, error);
    if (status != SLUICE_OK) return status;
  }
  return SLUICE_OK;
}

PLUGIN(good_load, good_unload, good_describe, infer, )
