/* Leaves a thread behind for each model. */
#include "breach.h"

static void *wait_for_ever(void *context) {
  for (;;) sleep_ms(1000);
  return context;
}

LOAD {
  pthread_t thread;
  sluice_status status = good_load(host, args, out, error);
  if (status == SLUICE_OK && pthread_create(&thread, NULL, wait_for_ever, NULL) == 0) pthread_detach(thread);
  return status;
}

PLUGIN(load, good_unload, good_describe, good_infer, )
