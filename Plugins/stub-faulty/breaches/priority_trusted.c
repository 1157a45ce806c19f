/* Uses a request's priority as an index, and trusts it to be 0, 1 or 2. */
#include "breach.h"

INFER {
  const char *const queues[] = {"normal", "urgent", "next", NULL};
  volatile char first = queues[requests[0]->priority][0];
  (void)first;
  return good_infer(model, requests, count, error);
}

PLUGIN(good_load, good_unload, good_describe, infer, )
