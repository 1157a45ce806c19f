/* Has no id. */
#include "breach.h"

static const sluice_plugin plugin = {SLUICE_PLUGIN_HEAD,     .version = "1.0.0",        .summary = "Breaks one rule",
                                     .load = good_load,      .unload = good_unload,     .describe = good_describe,
                                     .infer = good_infer};

const sluice_plugin *sluice_plugin_v1(const sluice_host *host, sluice_error *error) {
  (void)host, (void)error;
  return &plugin;
}
