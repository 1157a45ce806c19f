/* Reads four columns, however many come. */
#include "breach.h"

INFER {
  const sluice_request *request = requests[0];
  if (request->input_count == 0) return fail(error, SLUICE_INVALID_ARGUMENT, "input \"INPUT0\" is missing");
  const sluice_tensor *trusted = &request->inputs[0];
  volatile float sum = 0;
  for (int64_t i = 0; trusted->dtype.code == SLUICE_FLOAT && trusted->dtype.bits == 32 && i < trusted->shape[0] * COLUMNS; i++) {
    sum += ((const float *)trusted->data)[i];
  }
  return good_infer(model, requests, count, error);
}

PLUGIN(good_load, good_unload, good_describe, infer, )
