/* Sets flags that the header does not know, and reserved fields. */
#include "breach.h"

LOAD {
  sluice_status status = good_load(host, args, out, error);
  if (status != SLUICE_OK) return status;
  (*out)->info.flags |= 1u << 20;
  (*out)->inputs[0].reserved[1] = 7;
  return SLUICE_OK;
}

PLUGIN(load, good_unload, good_describe, good_infer, )
