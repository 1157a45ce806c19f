/* Goes on streaming to a caller who has gone. */
#define FLAGS SLUICE_MODEL_STREAMS
#include "breach.h"

INFER {
  (void)count;
  for (int i = 0; i < 5; i++) {
    sluice_status status = good_answer(model, requests[0], i < 4 ? 0 : SLUICE_FINAL, error);
    if (status != SLUICE_OK) return status;
  }
  return SLUICE_OK;
}

PLUGIN(good_load, good_unload, good_describe, infer, )
