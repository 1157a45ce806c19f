/* Copies its input to the stack, however large it is. */
#include "breach.h"

INFER {
  const sluice_tensor *input = good_input(model, requests[0], error);
  if (input == NULL) return error->code;
  volatile char copy[input->byte_size + 1];
  for (uint64_t i = 0; i < input->byte_size; i += 1024) copy[i] = ((const char *)input->data)[i];
  (void)copy[0];
  return good_infer(model, requests, count, error);
}

PLUGIN(good_load, good_unload, good_describe, infer, )
