/* load() says OK and gives no model. */
#include "broken.h"

static sluice_status load_nothing(const sluice_host *host, const sluice_load_args *args, sluice_model **out,
                                  sluice_error *error) {
  (void)host, (void)args, (void)out, (void)error;
  return SLUICE_OK;
}

static const sluice_plugin plugin = {
    SLUICE_PLUGIN_HEAD, .id = "dev.sluice.broken", .version = "1.0.0", .summary = "Broken",
    .load = load_nothing, .unload = unload, .describe = describe, .infer = infer};

EXPORT_PLUGIN
