// state.cpp - config.state: which inputs and outputs are the model's memory, and what it is at a sequence's start.
#include <algorithm>
#include <cstring>

#include "model.h"

namespace sluice_ort {
namespace {

// Takes the port of that name out of those that requests and answers have.
sluice_status take_port(std::vector<Port> &ports, const char *name, const char *direction, Port &taken,
                        sluice_error *error) {
  const auto is_it = [&](const Port &port) { return port.name == name; };
  const auto found = std::find_if(ports.begin(), ports.end(), is_it);
  if (found == ports.end()) {
    return fail(error, SLUICE_INVALID_ARGUMENT, "config.state: the model has no %s \"%.64s\"%s", direction, name,
                direction[0] == 'o' ? " among config.outputs" : "");
  }
  taken = std::move(*found);
  ports.erase(found);
  return SLUICE_OK;
}

}  // namespace

sluice_status read_state(const sluice_load_args *args, sluice_model &model, sluice_error *error) {
  const bool lone = option_text(args, "state.input", nullptr) != nullptr ||
                    option_text(args, "state.output", nullptr) != nullptr;
  for (size_t i = 0; i == 0 || !lone; i++) {
    const std::string prefix = lone ? "state." : "state." + std::to_string(i) + ".";
    const char *input = option_text(args, (prefix + "input").c_str(), nullptr);
    const char *output = option_text(args, (prefix + "output").c_str(), nullptr);
    if (input == nullptr && output == nullptr) break;
    if (input == nullptr || output == nullptr) {
      return fail(error, SLUICE_INVALID_ARGUMENT,
                  "config.state needs an input and the output that the next request gets for it");
    }
    StatePort port;
    if (take_port(model.inputs, input, "input", port.input, error) != SLUICE_OK ||
        take_port(model.outputs, output, "output", port.output, error) != SLUICE_OK) {
      return error->code;
    }
    if (port.input.type != port.output.type || port.input.type->onnx == ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING) {
      return fail(error, SLUICE_INVALID_ARGUMENT, "config.state: \"%.64s\" and \"%.64s\" must be numbers of one type",
                  input, output);
    }
    model.state.push_back(std::move(port));
  }
  if (model.state.empty()) return SLUICE_OK;
  int64_t most = 1024;
  if (option_integer(args, "max_sequences", 1, 1 << 20, &most, error) != SLUICE_OK) return error->code;
  if (model.outputs.empty()) {
    return fail(error, SLUICE_INVALID_ARGUMENT, "config.state leaves the model no output");
  }
  model.states = std::make_unique<States>(static_cast<size_t>(most));
  model.info.flags |= SLUICE_MODEL_SEQUENCES;
  return SLUICE_OK;
}

OrtStatus *first_state(const sluice_model &model, State &state) {
  const OrtApi &api = *model.runtime->api;
  for (const StatePort &port : model.state) {
    std::vector<int64_t> shape = port.input.shape;
    size_t count = 1;
    for (int64_t &dimension : shape) {
      if (dimension < 0) dimension = 1;
      count *= static_cast<size_t>(dimension);
    }
    state.values.push_back(nullptr);
    OrtStatus *status = api.CreateTensorAsOrtValue(model.runtime->allocator, shape.data(), shape.size(),
                                                   port.input.type->onnx, &state.values.back());
    void *data = nullptr;
    if (status == nullptr) status = api.GetTensorMutableData(state.values.back(), &data);
    if (status != nullptr) return status;
    if (count > 0) std::memset(data, 0, count * (port.input.type->dtype.bits / 8));
  }
  return nullptr;
}

}  // namespace sluice_ort
