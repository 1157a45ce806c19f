/* Answers again, from a thread of its own, when the request is long over. */
#include "breach.h"

static const sluice_host *only_host;

static void *again(void *request) {
  const sluice_response response = {.struct_size = sizeof response, .flags = SLUICE_FINAL};
  sleep_ms(5);
  only_host->respond(request, &response);
  return NULL;
}

LOAD {
  only_host = host;
  return good_load(host, args, out, error);
}

INFER {
  sluice_status status = good_infer(model, requests, count, error);
  if (status != SLUICE_OK) return status;
  pthread_t thread;
  if (pthread_create(&thread, NULL, again, (void *)(uintptr_t)requests[0]) == 0) pthread_detach(thread);
  return SLUICE_OK;
}

PLUGIN(load, good_unload, good_describe, infer, )
