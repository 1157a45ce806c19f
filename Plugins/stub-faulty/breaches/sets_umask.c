/* Changes the umask. */
#include <sys/stat.h>

#include "breach.h"

LOAD {
  umask(0);
  return good_load(host, args, out, error);
}

PLUGIN(load, good_unload, good_describe, good_infer, )
