/* Takes its time over a request that is cancelled. */
#include "breach.h"

INFER {
  for (int i = 0; i < 15 && requests[0]->host->is_cancelled(requests[0]); i++) sleep_ms(100);
  return good_infer(model, requests, count, error);
}

PLUGIN(good_load, good_unload, good_describe, infer, )
