/* Uses the number of a metric as an index, and trusts it not to be 0. */
#include "breach.h"

LOAD {
  sluice_status status = good_load(host, args, out, error);
  if (status == SLUICE_OK) (*out)->metric = host->metric(host, SLUICE_COUNTER, "calls_total", "Calls");
  return status;
}

INFER {
  static double totals[8];
  model->host->observe(model->host, model->metric, ++*(volatile double *)&totals[model->metric - 1]);
  return good_infer(model, requests, count, error);
}

PLUGIN(load, good_unload, good_describe, infer, )
