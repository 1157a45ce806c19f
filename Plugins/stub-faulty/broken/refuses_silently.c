/* The entry returns NULL and does not say why. */
#include "broken.h"

const sluice_plugin *sluice_plugin_v1(const sluice_host *host, sluice_error *error) {
  (void)host, (void)error;
  return NULL;
}
