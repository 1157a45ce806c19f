/* A row's answer depends on its neighbours. */
#include "breach.h"

INFER {
  const sluice_tensor *input = good_input(model, requests[0], error);
  if (input == NULL) return error->code;
  (void)count;
  int64_t rows = input->shape[0], shape[2] = {rows, COLUMNS}, sum_shape[2] = {rows, 1};
  float *values = doubled(model, input), *sums = sums_of(values, input);
  for (int64_t i = 0; i < rows; i++) values[i * COLUMNS] = (float)rows;
  sluice_tensor outputs[2] = {output_of("OUTPUT0", values, shape), output_of("SUM", sums, sum_shape)};
  send(requests[0], outputs, 2, SLUICE_FINAL);
  free(values);
  free(sums);
  return SLUICE_OK;
}

PLUGIN(good_load, good_unload, good_describe, infer, )
