/* Returns another status than it puts into the error. */
#include "breach.h"

INFER {
  return good_infer(model, requests, count, error) == SLUICE_OK ? SLUICE_OK : SLUICE_INTERNAL;
}

PLUGIN(good_load, good_unload, good_describe, infer, )
