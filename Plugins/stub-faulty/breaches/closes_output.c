/* Closes the standard output. */
#include <unistd.h>

#include "breach.h"

LOAD {
  close(STDOUT_FILENO);
  return good_load(host, args, out, error);
}

PLUGIN(load, good_unload, good_describe, good_infer, )
