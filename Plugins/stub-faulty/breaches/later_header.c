/* Built with a later minor version of the header: keeps every rule. */
#include "breach.h"

static const struct {
  sluice_plugin known;
  void (*later)(void);
} plugin = {{sizeof(sluice_plugin) + sizeof(void (*)(void)), SLUICE_ABI_MINOR + 1, sizeof(sluice_tensor),
             .id = "dev.sluice.breach", .version = "1.0.0", .summary = "Comes from later",
             .load = good_load, .unload = good_unload, .describe = good_describe, .infer = good_infer},
            NULL};

const sluice_plugin *sluice_plugin_v1(const sluice_host *host, sluice_error *error) {
  (void)host, (void)error;
  return &plugin.known;
}
