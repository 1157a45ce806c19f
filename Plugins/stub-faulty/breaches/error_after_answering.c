/* Returns an error for a request that it has answered. */
#include "breach.h"

INFER {
  sluice_status status = good_infer(model, requests, count, error);
  return status == SLUICE_OK ? fail(error, SLUICE_INTERNAL, "it did not work after all") : status;
}

PLUGIN(good_load, good_unload, good_describe, infer, )
