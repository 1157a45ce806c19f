/* Does not return. */
#include "breach.h"

INFER {
  (void)model, (void)requests, (void)count, (void)error;
  for (volatile int forever = 1; forever;) sleep_ms(1000);
  return SLUICE_OK;
}

PLUGIN(good_load, good_unload, good_describe, infer, )
