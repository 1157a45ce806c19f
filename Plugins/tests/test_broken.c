/* Each file of stub-faulty/broken must be broken in the one way that its comment says. */
#include <dlfcn.h>

#include "check.h"
#include "sluice_plugin.h"

static const sluice_plugin *enter(const char *name, sluice_error *error) {
  char path[256];
  snprintf(path, sizeof path, "broken/%s", name);
  void *library = dlopen(plugin_file(path), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  CHECK(library != NULL);
  void *symbol = library == NULL ? NULL : dlsym(library, "sluice_plugin_v1");
  CHECK(symbol != NULL);
  if (symbol == NULL) return NULL;
  sluice_plugin_entry entry;
  memcpy(&entry, &symbol, sizeof entry);
  memset(error, 0, sizeof *error);
  return entry(NULL, error); /* trivial entries: they do not look at the host */
}

void test_broken(void) {
  sluice_error error;
  const sluice_plugin *plugin;
  CHECK(dlopen(plugin_file("broken/not_elf"), RTLD_NOW) == NULL);
  CHECK(dlopen(plugin_file("broken/unresolved_symbol"), RTLD_NOW) == NULL);
  void *library = dlopen(plugin_file("broken/no_symbol"), RTLD_NOW | RTLD_LOCAL);
  CHECK(library != NULL && dlsym(library, "sluice_plugin_v1") == NULL);

  CHECK(enter("refuses", &error) == NULL && error.code == SLUICE_FAILED_PRECONDITION);
  CHECK_TEXT(error.message, "flux capacitor");
  CHECK(enter("refuses_silently", &error) == NULL && error.message[0] == '\0');

  plugin = enter("future_minor", &error);
  CHECK(plugin != NULL && plugin->abi_minor == 4711 && plugin->infer != NULL);
  plugin = enter("longer_struct", &error);
  CHECK(plugin != NULL && plugin->struct_size > sizeof *plugin && plugin->infer != NULL);
  plugin = enter("small_struct", &error);
  CHECK(plugin != NULL && plugin->struct_size == offsetof(sluice_plugin, describe));
  plugin = enter("tiny_struct", &error);
  CHECK(plugin != NULL && plugin->struct_size == 4);
  plugin = enter("wrong_tensor_size", &error);
  CHECK(plugin != NULL && plugin->tensor_size == sizeof(sluice_tensor) - 8);
  plugin = enter("missing_load", &error);
  CHECK(plugin != NULL && plugin->load == NULL);
  plugin = enter("missing_unload", &error);
  CHECK(plugin != NULL && plugin->unload == NULL);
  plugin = enter("missing_describe", &error);
  CHECK(plugin != NULL && plugin->describe == NULL);
  plugin = enter("missing_infer", &error);
  CHECK(plugin != NULL && plugin->infer == NULL && plugin->decode == NULL);
  plugin = enter("missing_id", &error);
  CHECK(plugin != NULL && plugin->id == NULL);
  plugin = enter("load_without_model", &error);
  sluice_model *model = NULL;
  CHECK(plugin != NULL && plugin->load(NULL, NULL, &model, &error) == SLUICE_OK && model == NULL);
}
