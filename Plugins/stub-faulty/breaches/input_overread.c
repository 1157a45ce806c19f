/* Reads beyond the end of its input. */
#include "breach.h"

INFER {
  const sluice_tensor *input = good_input(model, requests[0], error);
  if (input == NULL) return error->code;
  volatile float sum = 0;
  for (int64_t i = 0; i < (input->shape[0] + 8) * COLUMNS && input->data != NULL; i++) {
    sum += ((const float *)input->data)[i];
  }
  return good_infer(model, requests, count, error);
}

PLUGIN(good_load, good_unload, good_describe, infer, )
