/* Frees what respond() refused, and so does the host. */
#include "breach.h"

static void release(sluice_tensor *tensor) {
  free(tensor->owner);
  tensor->release = NULL;
}

INFER {
  const sluice_tensor *input = good_input(model, requests[0], error);
  if (input == NULL) return error->code;
  (void)count;
  int64_t shape[2] = {input->shape[0], COLUMNS}, sum_shape[2] = {input->shape[0], 1};
  float *values = doubled(model, input), *sums = sums_of(values, input);
  sluice_tensor outputs[2] = {output_of("OUTPUT0", values, shape), output_of("SUM", sums, sum_shape)};
  outputs[0].release = release;
  outputs[0].owner = values;
  if (send(requests[0], outputs, 2, SLUICE_FINAL) != SLUICE_OK) free(values);
  free(sums);
  return SLUICE_OK;
}

PLUGIN(good_load, good_unload, good_describe, infer, )
