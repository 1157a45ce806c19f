/* Reads whatever comes as FP32. */
#include "breach.h"

INFER {
  const sluice_request *request = requests[0];
  if (request->input_count == 0) return fail(error, SLUICE_INVALID_ARGUMENT, "input \"INPUT0\" is missing");
  sluice_tensor trusted = request->inputs[0];
  volatile float sum = 0;
  int64_t elements = trusted.ndim == 2 ? trusted.shape[0] * trusted.shape[1] : 0;
  for (int64_t i = 0; i < elements; i++) sum += ((const float *)trusted.data)[i];
  return good_infer(model, requests, count, error);
}

PLUGIN(good_load, good_unload, good_describe, infer, )
