/* Answers in parts and does not declare it. */
#include "breach.h"

INFER {
  (void)count;
  sluice_status status = good_answer(model, requests[0], 0, error);
  return status == SLUICE_OK ? good_answer(model, requests[0], SLUICE_FINAL, error) : status;
}

PLUGIN(good_load, good_unload, good_describe, infer, )
