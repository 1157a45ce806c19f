/* Changes the working directory. */
#include <unistd.h>

#include "breach.h"

LOAD {
  if (chdir("/") != 0) return fail(error, SLUICE_INTERNAL, "no root");
  return good_load(host, args, out, error);
}

PLUGIN(load, good_unload, good_describe, good_infer, )
