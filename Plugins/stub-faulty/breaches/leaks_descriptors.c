/* Leaves a file open for each model. */
#include "breach.h"

LOAD {
  sluice_status status = good_load(host, args, out, error);
  if (status == SLUICE_OK) (void)!fopen("/dev/null", "r");
  return status;
}

PLUGIN(load, good_unload, good_describe, good_infer, )
