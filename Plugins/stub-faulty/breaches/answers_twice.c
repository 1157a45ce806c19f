/* Answers twice. */
#include "breach.h"

INFER {
  sluice_status status = good_infer(model, requests, count, error);
  return status == SLUICE_OK ? good_infer(model, requests, count, error) : status;
}

PLUGIN(good_load, good_unload, good_describe, infer, )
