/* A struct_size that does not even cover itself. */
#include "broken.h"

static const sluice_plugin plugin = {
    4, SLUICE_ABI_MINOR, sizeof(sluice_tensor), .id = "dev.sluice.broken", .version = "1.0.0", .summary = "Broken",
    .load = load, .unload = unload, .describe = describe, .infer = infer};

EXPORT_PLUGIN
