/* Ends the process. */
#include "breach.h"

INFER {
  (void)model, (void)requests, (void)count, (void)error;
  exit(3);
}

PLUGIN(good_load, good_unload, good_describe, infer, )
