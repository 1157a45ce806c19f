/* Takes the deadline for the time at which to begin. */
#include "breach.h"

INFER {
  const sluice_host *host = requests[0]->host;
  if (requests[0]->deadline_ns != 0) {
    while (host->now_ns(host) < requests[0]->deadline_ns + 1500000000u) sleep_ms(10);
  }
  return good_infer(model, requests, count, error);
}

PLUGIN(good_load, good_unload, good_describe, infer, )
