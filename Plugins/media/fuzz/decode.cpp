// decode - a libFuzzer target for everything that bodies reach in the media plugin: `make fuzz`.
//
// The first byte chooses one of three models (pictures, sound, film), the rest is the body. It goes through the plugin's
// one symbol, as the host would send it.
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "sluice_plugin.h"

namespace {

uint64_t now(const sluice_host *) {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1000000000u + static_cast<uint64_t>(time.tv_nsec);
}

std::vector<void *> outputs;
bool has_answered;

// Exactly as much memory as was asked for: a write past it is seen.
sluice_status new_output(const sluice_request *, sluice_tensor *tensor) {
  if (tensor->byte_size > (64u << 20)) return SLUICE_RESOURCE_EXHAUSTED;
  tensor->data = nullptr;
  if (tensor->byte_size > 0 && posix_memalign(&tensor->data, 64, tensor->byte_size) != 0) abort();
  outputs.push_back(tensor->data);
  return SLUICE_OK;
}

sluice_status respond(const sluice_request *, const sluice_response *response) {
  uint64_t elements = 1;
  const sluice_tensor &tensor = response->outputs[0];
  for (int32_t i = 0; i < tensor.ndim; i++) elements *= static_cast<uint64_t>(tensor.shape[i]);
  if (has_answered || response->output_count != 1 || elements * (tensor.dtype.bits / 8) != tensor.byte_size) abort();
  has_answered = true;
  return SLUICE_OK;
}

sluice_host make_host() {
  sluice_host host = {};
  host.struct_size = sizeof host;
  host.name = "fuzz";
  host.version = "0";
  host.now_ns = now;
  host.is_cancelled = [](const sluice_request *) -> int32_t { return 0; };
  host.new_output = new_output;
  host.respond = respond;
  return host;
}
const sluice_host host = make_host();
const sluice_plugin *plugin;

sluice_model *load(const std::vector<sluice_kv> &options) {
  if (plugin == nullptr) plugin = sluice_plugin_v1(&host, nullptr);
  sluice_load_args args = {};
  args.struct_size = sizeof args;
  args.model = "fuzz";
  args.version = "1";
  args.path = "/";
  args.config_json = "{}";
  args.options = options.data();
  args.option_count = options.size();
  sluice_model *model = nullptr;
  sluice_error error = {};
  if (plugin->load(&host, &args, &model, &error) != SLUICE_OK) {
    std::fprintf(stderr, "%s\n", error.message);
    abort();
  }
  return model;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static sluice_model *const models[3] = {
      load({{"image.size", "16x16"}, {"image.fit", "letterbox"}, {"image.max_pixels", "1000000"}}),
      load({{"audio.window", "512"}, {"audio.channels", "mono"}, {"audio.max_seconds", "20"}}),
      load({{"video.frames", "3"}, {"image.size", "16x16"}, {"image.max_pixels", "100000"}, {"video.max_seconds", "20"}}),
  };
  if (size == 0) return 0;
  // In memory of its own size, so that a read past it is seen.
  std::vector<uint8_t> body(data + 1, data + size);
  const int64_t offsets[2] = {0, static_cast<int64_t>(body.size())};
  sluice_tensor input = {};
  input.data = body.data();
  input.device_type = SLUICE_CPU;
  input.dtype = {SLUICE_BYTES, 8, 1};
  input.name = "body";
  input.byte_size = body.size();
  input.offsets = offsets;
  const sluice_kv type = {"content-type", ""};
  sluice_request request = {};
  request.struct_size = sizeof request;
  request.host = &host;
  request.id = "1";
  request.deadline_ns = now(&host) + 5000000000u;
  request.inputs = &input;
  request.input_count = 1;
  request.params = &type;
  request.param_count = 1;
  const sluice_request *requests[1] = {&request};
  sluice_error error = {};
  has_answered = false;
  const sluice_status status = plugin->decode(models[data[0] % 3], requests, 1, &error);
  if ((status == SLUICE_OK) != has_answered || (status != SLUICE_OK && error.message[0] == '\0')) abort();
  for (void *memory : outputs) free(memory);
  outputs.clear();
  return 0;
}
