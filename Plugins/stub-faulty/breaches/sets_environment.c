/* Changes the environment. */
#include "breach.h"

LOAD {
  setenv("OMP_NUM_THREADS", "1", 1);
  return good_load(host, args, out, error);
}

PLUGIN(load, good_unload, good_describe, good_infer, )
