/* Looks up a sequence that was never begun, and trusts to find it. */
#define FLAGS SLUICE_MODEL_SEQUENCES
#include "breach.h"

INFER {
  if (requests[0]->sequence_id != NULL && strcmp(requests[0]->sequence_id, "never begun") == 0) {
    *(volatile int *)(uintptr_t)requests[0]->sequence_flags = 1;
  }
  return good_infer(model, requests, count, error);
}

PLUGIN(good_load, good_unload, good_describe, infer, )
