/* Declares QUICK, and sleeps. */
#define FLAGS SLUICE_MODEL_QUICK
#include "breach.h"

INFER {
  sleep_ms(3);
  return good_infer(model, requests, count, error);
}

PLUGIN(good_load, good_unload, good_describe, infer, )
