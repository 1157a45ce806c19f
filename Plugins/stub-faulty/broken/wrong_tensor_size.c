/* A binding whose tensor is 8 bytes too short. */
#include "broken.h"

static const sluice_plugin plugin = {
    sizeof(sluice_plugin), SLUICE_ABI_MINOR, sizeof(sluice_tensor) - 8, .id = "dev.sluice.broken", .version = "1.0.0", .summary = "Broken",
    .load = load, .unload = unload, .describe = describe, .infer = infer};

EXPORT_PLUGIN
