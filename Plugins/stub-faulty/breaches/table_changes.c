/* Changes its table after it has been handed out. */
#include "breach.h"

static sluice_plugin plugin;

LOAD {
  plugin.summary = "Loaded";
  return good_load(host, args, out, error);
}

const sluice_plugin *sluice_plugin_v1(const sluice_host *host, sluice_error *error) {
  (void)host, (void)error;
  plugin = (sluice_plugin){SLUICE_PLUGIN_HEAD,      .id = "dev.sluice.breach", .version = "1.0.0",
                           .summary = "Not loaded", .load = load,              .unload = good_unload,
                           .describe = good_describe, .infer = good_infer};
  return &plugin;
}
