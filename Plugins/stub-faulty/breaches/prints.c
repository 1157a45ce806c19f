/* Writes to the standard output. */
#include "breach.h"

LOAD {
  puts("loading");
  return good_load(host, args, out, error);
}

PLUGIN(load, good_unload, good_describe, good_infer, )
