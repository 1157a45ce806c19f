/* Its unload() does not wait for what its threads still say of finished requests. */
#include "breach.h"

static const sluice_host *only_host;

static void *again(void *request) {
  const sluice_response response = {.struct_size = sizeof response, .flags = SLUICE_FINAL};
  only_host->respond(request, &response);
  return NULL;
}

INFER {
  only_host = model->host;
  model->more = (void *)(uintptr_t)requests[0];
  return good_infer(model, requests, count, error);
}

static void unload(sluice_model *model) {
  pthread_t thread;
  if (model->more != NULL && pthread_create(&thread, NULL, again, model->more) == 0) pthread_join(thread, NULL);
  free(model);
}

PLUGIN(good_load, unload, good_describe, infer, )
