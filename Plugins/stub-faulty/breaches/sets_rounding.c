/* Changes how the host's thread rounds. */
#include <fenv.h>

#include "breach.h"

LOAD {
  fesetround(FE_TOWARDZERO);
  return good_load(host, args, out, error);
}

PLUGIN(load, good_unload, good_describe, good_infer, )
