/* Fails without a word. */
#include "breach.h"

INFER {
  sluice_error own = {0};
  (void)error;
  return good_infer(model, requests, count, &own);
}

PLUGIN(good_load, good_unload, good_describe, infer, )
