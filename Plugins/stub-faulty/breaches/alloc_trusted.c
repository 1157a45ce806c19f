/* Trusts alloc() to have memory. */
#include "breach.h"

LOAD {
  sluice_status status = good_load(host, args, out, error);
  if (status != SLUICE_OK) return status;
  (*out)->more = host->alloc(host, 4096, 64);
  memset((*out)->more, 1, 4096);
  return SLUICE_OK;
}

static void unload(sluice_model *model) {
  model->host->free(model->host, model->more);
  free(model);
}

PLUGIN(load, unload, good_describe, good_infer, )
