/* The entry returns NULL and says why. */
#include "broken.h"

const sluice_plugin *sluice_plugin_v1(const sluice_host *host, sluice_error *error) {
  (void)host;
  error->code = SLUICE_FAILED_PRECONDITION;
  strcpy(error->message, "this machine has no flux capacitor");
  return NULL;
}
