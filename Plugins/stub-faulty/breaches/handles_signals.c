/* Installs a signal handler. */
#include <signal.h>

#include "breach.h"

LOAD {
  signal(SIGTERM, SIG_IGN);
  return good_load(host, args, out, error);
}

PLUGIN(load, good_unload, good_describe, good_infer, )
