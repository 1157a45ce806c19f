/* Writes to a wild pointer. */
#include "breach.h"

INFER {
  (void)requests, (void)count, (void)error;
  *(volatile int *)((uintptr_t)model->info.flags + 8) = 1;
  return SLUICE_OK;
}

PLUGIN(good_load, good_unload, good_describe, infer, )
