/* Answers a request that lacks its input. */
#include "breach.h"

INFER {
  if (requests[0]->input_count > 0) return good_infer(model, requests, count, error);
  int64_t shape[2] = {1, COLUMNS}, sum_shape[2] = {1, 1};
  float zeros[COLUMNS] = {0};
  sluice_tensor outputs[2] = {output_of("OUTPUT0", zeros, shape), output_of("SUM", zeros, sum_shape)};
  send(requests[0], outputs, 2, SLUICE_FINAL);
  return SLUICE_OK;
}

PLUGIN(good_load, good_unload, good_describe, infer, )
