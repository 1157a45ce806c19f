/* Answers the request before once more, which is long over. */
#include "breach.h"

INFER {
  static _Thread_local const sluice_request *before;
  if (before != NULL) {
    const sluice_response response = {.struct_size = sizeof response, .flags = SLUICE_FINAL};
    model->host->respond(before, &response);
  }
  before = requests[0];
  return good_infer(model, requests, count, error);
}

PLUGIN(good_load, good_unload, good_describe, infer, )
