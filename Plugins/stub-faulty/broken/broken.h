/* broken.h - a plugin that would work, for files that each break one thing of it. */
#ifndef BROKEN_H
#define BROKEN_H
#include <string.h>

#include "sluice_plugin.h"

struct sluice_model {
  sluice_model_info info;
};

static struct sluice_model only_model = {{.struct_size = sizeof(sluice_model_info)}};

__attribute__((unused)) static sluice_status load(const sluice_host *host, const sluice_load_args *args,
                                                  sluice_model **out, sluice_error *error) {
  (void)host, (void)args, (void)error;
  *out = &only_model;
  return SLUICE_OK;
}

__attribute__((unused)) static void unload(sluice_model *model) { (void)model; }

__attribute__((unused)) static const sluice_model_info *describe(sluice_model *model) { return &model->info; }

__attribute__((unused)) static sluice_status infer(sluice_model *model, const sluice_request *const *requests,
                                                   size_t count, sluice_error *error) {
  (void)model;
  for (size_t i = 0; i < count; i++) {
    const sluice_response response = {.struct_size = sizeof response, .flags = SLUICE_FINAL};
    requests[i]->host->respond(requests[i], &response);
  }
  (void)error;
  return SLUICE_OK;
}

/* The entry point of a plugin whose description is `plugin`. */
#define EXPORT_PLUGIN                                                                       \
  const sluice_plugin *sluice_plugin_v1(const sluice_host *host, sluice_error *error) {     \
    (void)host, (void)error;                                                                \
    return &plugin;                                                                         \
  }

#endif
