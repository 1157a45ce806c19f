/* Declares QUICK, and answers from a thread of its own. */
#define FLAGS SLUICE_MODEL_QUICK
#include "breach.h"

struct order {
  sluice_model *model;
  const sluice_request *request;
};

static void *later(void *context) {
  struct order order = *(struct order *)context;
  sluice_error error = {0};
  free(context);
  sleep_ms(2);
  good_answer(order.model, order.request, SLUICE_FINAL, &error);
  return NULL;
}

INFER {
  (void)count;
  if (good_input(model, requests[0], error) == NULL) return error->code;
  pthread_t thread;
  struct order *order = malloc(sizeof *order);
  *order = (struct order){model, requests[0]};
  if (pthread_create(&thread, NULL, later, order) == 0) pthread_detach(thread);
  return SLUICE_OK;
}

PLUGIN(good_load, good_unload, good_describe, infer, )
