/* Answers its first output, whichever is asked for. */
#include "breach.h"

INFER {
  if (requests[0]->wanted_count == 0) return good_infer(model, requests, count, error);
  const sluice_tensor *input = good_input(model, requests[0], error);
  if (input == NULL) return error->code;
  int64_t shape[2] = {input->shape[0], COLUMNS};
  float *values = doubled(model, input);
  sluice_tensor output = output_of("OUTPUT0", values, shape);
  send(requests[0], &output, 1, SLUICE_FINAL);
  free(values);
  return SLUICE_OK;
}

PLUGIN(good_load, good_unload, good_describe, infer, )
