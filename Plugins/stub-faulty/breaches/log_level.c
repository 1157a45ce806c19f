/* Logs at a level that there is not. */
#include "breach.h"

INFER {
  model->host->log(model->host, 9, "an answer");
  return good_infer(model, requests, count, error);
}

PLUGIN(good_load, good_unload, good_describe, infer, )
