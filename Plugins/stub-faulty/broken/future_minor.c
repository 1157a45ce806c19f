/* Compiled against a later minor version of the ABI: must be accepted. */
#include "broken.h"

static const sluice_plugin plugin = {
    sizeof(sluice_plugin), 4711, sizeof(sluice_tensor), .id = "dev.sluice.broken", .version = "1.0.0", .summary = "Broken",
    .load = load, .unload = unload, .describe = describe, .infer = infer};

EXPORT_PLUGIN
