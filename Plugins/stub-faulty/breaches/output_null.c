/* An output with bytes and no data. */
#include "breach.h"

INFER {
  const sluice_tensor *input = good_input(model, requests[0], error);
  if (input == NULL) return error->code;
  int64_t shape[2] = {input->shape[0], COLUMNS}, sum_shape[2] = {input->shape[0], 1};
  float *values = doubled(model, input), *sums = sums_of(values, input);
  sluice_tensor output = output_of("OUTPUT0", values, shape);
  count = 2;
  output.data = NULL;
  sluice_tensor outputs[2] = {output, output_of("SUM", sums, sum_shape)};
  send(requests[0], outputs, count, SLUICE_FINAL);
  free(values);
  free(sums);
  return SLUICE_OK;
}

PLUGIN(good_load, good_unload, good_describe, infer, )
