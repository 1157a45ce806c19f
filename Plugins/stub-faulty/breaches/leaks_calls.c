/* Leaves memory behind with each call. */
#include "breach.h"

INFER {
  static void *volatile kept;
  kept = malloc(100);
  (void)kept;
  return good_infer(model, requests, count, error);
}

PLUGIN(good_load, good_unload, good_describe, infer, )
