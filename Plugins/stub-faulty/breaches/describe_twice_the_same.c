/* Two outputs of one name. */
#include "breach.h"

LOAD {
  sluice_status status = good_load(host, args, out, error);
  if (status == SLUICE_OK) (*out)->outputs[1].name = "OUTPUT0";
  return status;
}

PLUGIN(load, good_unload, good_describe, good_infer, )
