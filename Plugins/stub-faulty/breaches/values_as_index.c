/* Uses a value as an index, and trusts it. */
#include "breach.h"

INFER {
  static const float table[4] = {0, 1, 2, 3};
  const sluice_tensor *input = good_input(model, requests[0], error);
  if (input == NULL) return error->code;
  volatile float sum = 0;
  for (int64_t i = 0; i < input->shape[0] * COLUMNS; i++) sum += table[(int)((const float *)input->data)[i]];
  return good_infer(model, requests, count, error);
}

PLUGIN(good_load, good_unload, good_describe, infer, )
