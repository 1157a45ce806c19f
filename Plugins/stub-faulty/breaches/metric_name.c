/* Registers a metric under a name that is none. */
#include "breach.h"

LOAD {
  host->metric(host, SLUICE_COUNTER, "calls total", "Calls");
  return good_load(host, args, out, error);
}

PLUGIN(load, good_unload, good_describe, good_infer, )
