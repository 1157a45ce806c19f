/* Without an id. */
#include "broken.h"

static const sluice_plugin plugin = {
    SLUICE_PLUGIN_HEAD, .version = "1.0.0", .summary = "Broken",
    .load = load, .unload = unload, .describe = describe, .infer = infer};

EXPORT_PLUGIN
