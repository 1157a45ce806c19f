// plugin.cpp - what the host sees.
#include "backend.h"
#include "model.h"

namespace {

void load(const sluice_host *, const sluice_load_args *args, sluice_model &model) { tflite::load_model(args, model); }

}  // namespace

extern "C" const sluice_plugin *sluice_plugin_v1(const sluice_host *, sluice_error *) {
  static const sluice_plugin plugin =
      sluice::backend<sluice_model, load, tflite::run_model>("dev.sluice.tflite", "Runs .tflite models on TensorFlow Lite");
  return &plugin;
}
