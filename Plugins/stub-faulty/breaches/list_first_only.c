/* Answers the first request of a list. */
#define BATCHING SLUICE_BATCH_LIST
#include "breach.h"

INFER {
  (void)count;
  return good_infer(model, requests, 1, error);
}

PLUGIN(good_load, good_unload, good_describe, infer, )
