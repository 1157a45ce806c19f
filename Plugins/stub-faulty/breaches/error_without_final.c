/* Reports an error in a response that is not the last. */
#define FLAGS SLUICE_MODEL_STREAMS
#include "breach.h"

INFER {
  const sluice_error warning = {SLUICE_INTERNAL, "something went wrong"};
  (void)count;
  if (good_input(model, requests[0], error) == NULL) return error->code;
  send_error(requests[0], &warning, 0);
  return good_answer(model, requests[0], SLUICE_FINAL, error);
}

PLUGIN(good_load, good_unload, good_describe, infer, )
