/* Says OK and never answers. */
#include "breach.h"

INFER {
  (void)model, (void)requests, (void)count, (void)error;
  return SLUICE_OK;
}

PLUGIN(good_load, good_unload, good_describe, infer, )
