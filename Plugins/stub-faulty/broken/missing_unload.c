/* Without unload(). */
#include "broken.h"

static const sluice_plugin plugin = {
    SLUICE_PLUGIN_HEAD, .id = "dev.sluice.broken", .version = "1.0.0", .summary = "Broken",
    .load = load, .describe = describe, .infer = infer};

EXPORT_PLUGIN
