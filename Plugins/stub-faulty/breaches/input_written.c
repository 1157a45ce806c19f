/* Does its work in place, in the input. */
#include "breach.h"

INFER {
  const sluice_tensor *input = good_input(model, requests[0], error);
  if (input == NULL) return error->code;
  for (int64_t i = 0; i < input->shape[0] * COLUMNS; i++) ((float *)input->data)[i] += 0.0f;
  return good_infer(model, requests, count, error);
}

PLUGIN(good_load, good_unload, good_describe, infer, )
