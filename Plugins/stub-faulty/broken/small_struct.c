/* A struct_size that ends before describe: the rest reads as missing. */
#include "broken.h"

static const sluice_plugin plugin = {
    offsetof(sluice_plugin, describe), SLUICE_ABI_MINOR, sizeof(sluice_tensor), .id = "dev.sluice.broken", .version = "1.0.0", .summary = "Broken",
    .load = load, .unload = unload, .describe = describe, .infer = infer};

EXPORT_PLUGIN
