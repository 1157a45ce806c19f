/* Compiled against a later header, whose struct has grown by a field: must be accepted. */
#include "broken.h"

static const struct {
  sluice_plugin known;
  void (*later)(void);
} plugin_of_later_header = {
    {sizeof(sluice_plugin) + sizeof(void (*)(void)), SLUICE_ABI_MINOR + 1, sizeof(sluice_tensor),
     .id = "dev.sluice.broken", .version = "1.0.0", .summary = "Broken",
     .load = load, .unload = unload, .describe = describe, .infer = infer},
    NULL};
#define plugin plugin_of_later_header.known

EXPORT_PLUGIN
