/* Answers one row, however many come. */
#include "breach.h"

INFER {
  const sluice_tensor *input = good_input(model, requests[0], error);
  if (input == NULL) return error->code;
  (void)count;
  int64_t shape[2] = {1, COLUMNS}, sum_shape[2] = {1, 1};
  float values[COLUMNS] = {0};
  sluice_tensor outputs[2] = {output_of("OUTPUT0", values, shape), output_of("SUM", values, sum_shape)};
  send(requests[0], outputs, 2, SLUICE_FINAL);
  return SLUICE_OK;
}

PLUGIN(good_load, good_unload, good_describe, infer, )
