/* Declares DETERMINISTIC, and counts its calls into the answer. */
#include "breach.h"

INFER {
  static int calls;
  const sluice_tensor *input = good_input(model, requests[0], error);
  if (input == NULL) return error->code;
  (void)count;
  int64_t shape[2] = {input->shape[0], COLUMNS}, sum_shape[2] = {input->shape[0], 1};
  float *values = doubled(model, input), *sums = sums_of(values, input);
  if (input->shape[0] > 0) values[0] = (float)__atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
  sluice_tensor outputs[2] = {output_of("OUTPUT0", values, shape), output_of("SUM", sums, sum_shape)};
  send(requests[0], outputs, 2, SLUICE_FINAL);
  free(values);
  free(sums);
  return SLUICE_OK;
}

PLUGIN(good_load, good_unload, good_describe, infer, )
