/* Refuses settings without a word. */
#include "breach.h"

LOAD {
  sluice_error own = {0};
  (void)error;
  return good_load(host, args, out, &own);
}

PLUGIN(load, good_unload, good_describe, good_infer, )
