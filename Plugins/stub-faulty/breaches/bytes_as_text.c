/* Reads BYTES elements as text that ends with NUL. */
#define INPUT_TYPE {SLUICE_BYTES, 8, 1}
#define FLAGS 0u
#include "breach.h"

INFER {
  const sluice_request *request = requests[0];
  (void)count;
  const sluice_tensor *input = good_input(model, request, error);
  if (input == NULL) return error->code;
  int64_t rows = input->shape[0], shape[2] = {rows, COLUMNS}, sum_shape[2] = {rows, 1};
  float *lengths = calloc((size_t)(rows * COLUMNS) + 1, sizeof *lengths), *sums = calloc((size_t)rows + 1, sizeof *sums);
  for (int64_t i = 0; i < rows * COLUMNS; i++) {
    const char *element = (const char *)input->data + input->offsets[i];
    lengths[i] = input->offsets[i + 1] == input->offsets[i] ? 0 : (float)strnlen(element, 2000);
  }
  sluice_tensor outputs[2] = {output_of("OUTPUT0", lengths, shape), output_of("SUM", sums, sum_shape)};
  send(request, outputs, 2, SLUICE_FINAL);
  free(lengths);
  free(sums);
  return SLUICE_OK;
}

PLUGIN(good_load, good_unload, good_describe, infer, )
