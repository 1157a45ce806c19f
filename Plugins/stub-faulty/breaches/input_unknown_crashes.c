/* Keeps a place for as many inputs as it declared. */
#include "breach.h"

INFER {
  struct place {
    const sluice_tensor *input;
    char room[1 << 20];
  } *places = malloc(sizeof *places);
  for (size_t i = 0; i < requests[0]->input_count; i++) {
    *(const sluice_tensor *volatile *)&places[i].input = &requests[0]->inputs[i];
  }
  free(places);
  return good_infer(model, requests, count, error);
}

PLUGIN(good_load, good_unload, good_describe, infer, )
