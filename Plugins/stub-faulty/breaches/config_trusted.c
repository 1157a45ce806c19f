/* Trusts its settings to be there. */
#include "breach.h"

LOAD {
  volatile char first = option_text(args, "scale", NULL)[0];
  (void)first;
  return good_load(host, args, out, error);
}

PLUGIN(load, good_unload, good_describe, good_infer, )
