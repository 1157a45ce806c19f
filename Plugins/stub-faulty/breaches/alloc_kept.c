/* Does not give back what alloc() gave. */
#include "breach.h"

LOAD {
  sluice_status status = good_load(host, args, out, error);
  if (status == SLUICE_OK) (*out)->more = host->alloc(host, 64, 64);
  return status;
}

PLUGIN(load, good_unload, good_describe, good_infer, )
