/* Needs a function that no library has: dlopen itself fails. */
#include "broken.h"

extern void a_function_that_is_nowhere(void);

const sluice_plugin *sluice_plugin_v1(const sluice_host *host, sluice_error *error) {
  (void)host, (void)error;
  a_function_that_is_nowhere();
  return NULL;
}
