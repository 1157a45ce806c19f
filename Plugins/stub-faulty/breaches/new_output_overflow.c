/* Writes beyond the memory of new_output(). */
#include "breach.h"

INFER {
  const sluice_tensor *input = good_input(model, requests[0], error);
  if (input == NULL) return error->code;
  (void)count;
  int64_t shape[2] = {input->shape[0], COLUMNS}, sum_shape[2] = {input->shape[0], 1};
  float *sums = sums_of((const float *)input->data, input);
  sluice_tensor outputs[2] = {output_of("OUTPUT0", NULL, shape), output_of("SUM", sums, sum_shape)};
  sluice_status status = requests[0]->host->new_output(requests[0], &outputs[0]);
  if (status != SLUICE_OK) {
    free(sums);
    return fail(error, status, "no memory for OUTPUT0");
  }
  for (int64_t i = 0; i < (input->shape[0] + 8) * COLUMNS; i++) ((volatile float *)outputs[0].data)[i] = 1;
  send(requests[0], outputs, 2, SLUICE_FINAL);
  free(sums);
  return SLUICE_OK;
}

PLUGIN(good_load, good_unload, good_describe, infer, )
