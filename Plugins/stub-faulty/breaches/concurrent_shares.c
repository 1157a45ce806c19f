/* Declares eight calls at once, and keeps what it works on in one place. */
#include "breach.h"

INFER {
  static float shared[COLUMNS];
  const sluice_tensor *input = good_input(model, requests[0], error);
  if (input == NULL) return error->code;
  if (input->shape[0] != 1) return good_infer(model, requests, count, error);
  int64_t shape[2] = {1, COLUMNS}, sum_shape[2] = {1, 1};
  float sum = 0;
  for (int i = 0; i < COLUMNS; i++) ((volatile float *)shared)[i] = ((const float *)input->data)[i] * model->scale;
  sleep_ms(1);
  for (int i = 0; i < COLUMNS; i++) sum += ((volatile float *)shared)[i];
  sluice_tensor outputs[2] = {output_of("OUTPUT0", shared, shape), output_of("SUM", &sum, sum_shape)};
  send(requests[0], outputs, 2, SLUICE_FINAL);
  return SLUICE_OK;
}

PLUGIN(good_load, good_unload, good_describe, infer, )
