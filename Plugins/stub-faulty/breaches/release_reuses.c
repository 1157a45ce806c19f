/* Hands over the same memory again before it was given back. */
#define FLAGS 0u
#include "breach.h"

static float shared[1 << 16];

static void release(sluice_tensor *tensor) { tensor->release = NULL; }

static float *fill(void) {
  static float number;
  number += 1;
  for (size_t i = 0; i < sizeof shared / sizeof shared[0]; i++) shared[i] = number;
  return shared;
}

INFER {
  const sluice_tensor *input = good_input(model, requests[0], error);
  if (input == NULL) return error->code;
  (void)count;
  int64_t shape[2] = {input->shape[0], COLUMNS}, sum_shape[2] = {input->shape[0], 1};
  float *values = input->byte_size <= sizeof shared ? fill() : NULL, *sums = sums_of((const float *)input->data, input);
  sluice_tensor outputs[2] = {output_of("OUTPUT0", values, shape), output_of("SUM", sums, sum_shape)};
  outputs[0].release = release;
  outputs[0].owner = values;
  if (values == NULL) {
    free(sums);
    return fail(error, SLUICE_RESOURCE_EXHAUSTED, "too much");
  }
  send(requests[0], outputs, 2, SLUICE_FINAL);
  free(sums);
  return SLUICE_OK;
}

PLUGIN(good_load, good_unload, good_describe, infer, )
