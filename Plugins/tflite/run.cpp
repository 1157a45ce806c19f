#include <algorithm>
#include <cmath>
#include <limits>

#include "model.h"

namespace tflite {

using sluice::Failure;
using sluice::Port;

Runner::Runner(const Api &api, const Model *model, int32_t threads) : api(api) {
  Options *options = api.options();
  api.set_threads(options, threads);
  api.set_reporter(options, report, this);
  interpreter = api.create(model, options);
  api.delete_options(options);
  if (interpreter != nullptr && api.allocate(interpreter) == ok) return;
  const std::string why = problem.empty() ? "no reason is given" : problem;
  if (interpreter != nullptr) api.destroy(interpreter);
  throw Failure(SLUICE_FAILED_PRECONDITION, "TensorFlow Lite can't run the model: " + why);
}

Runner::~Runner() { api.destroy(interpreter); }

void Runner::report(void *runner, const char *format, va_list arguments) {
  char text[300];
  std::vsnprintf(text, sizeof text, format, arguments);
  static_cast<Runner *>(runner)->problem = text;
}

bool Runner::shape(const std::vector<std::vector<int>> &shapes) {
  if (shapes == shapes_) return true;
  shapes_.clear();
  problem.clear();
  for (size_t i = 0; i < shapes.size(); i++) {
    const auto rank = static_cast<int32_t>(shapes[i].size());
    if (api.resize(interpreter, static_cast<int32_t>(i), shapes[i].data(), rank) != ok) return false;
  }
  if (api.allocate(interpreter) != ok) return false;
  shapes_ = shapes;
  return true;
}

bool Runner::invoke() {
  problem.clear();
  return api.invoke(interpreter) == ok;
}

namespace {

// An interpreter for one request; it goes back when the request was answered well. One that failed is not used again.
class Borrowed {
 public:
  explicit Borrowed(sluice_model &model) : model_(model) {
    {
      const std::lock_guard<std::mutex> guard(model.lock);
      if (!model.idle.empty()) {
        runner_ = std::move(model.idle.back());
        model.idle.pop_back();
      }
    }
    if (runner_ == nullptr) runner_ = std::make_unique<Runner>(*model.api, model.model, model.threads);
  }
  Runner &operator*() { return *runner_; }
  void give_back() {
    const std::lock_guard<std::mutex> guard(model_.lock);
    model_.idle.push_back(std::move(runner_));
  }

 private:
  sluice_model &model_;
  std::unique_ptr<Runner> runner_;
};

template <class Stored>
void quantize(const float *from, void *to, size_t count, const Quantization &by) {
  const auto least = static_cast<float>(std::numeric_limits<Stored>::min());
  const auto most = static_cast<float>(std::numeric_limits<Stored>::max());
  for (size_t i = 0; i < count; i++) {
    const float scaled = std::round(from[i] / by.scale) + static_cast<float>(by.zero_point);
    const float held = std::isnan(scaled) ? static_cast<float>(by.zero_point) : std::clamp(scaled, least, most);
    static_cast<Stored *>(to)[i] = static_cast<Stored>(held);
  }
}

template <class Stored>
void dequantize(const void *from, float *to, size_t count, const Quantization &by) {
  for (size_t i = 0; i < count; i++) {
    to[i] = static_cast<float>(static_cast<int32_t>(static_cast<const Stored *>(from)[i]) - by.zero_point) * by.scale;
  }
}

// Numbers between the types of the file and FP32.
void convert(const TensorPort &port, const void *from, void *to, size_t count, bool into_file) {
  const auto *numbers = static_cast<const float *>(from);
  auto *answers = static_cast<float *>(to);
  const Quantization &by = port.quantization;
  const bool is_signed = port.stored.code == SLUICE_INT;
  const auto with = [&](auto stored) {
    using Stored = decltype(stored);
    into_file ? quantize<Stored>(numbers, to, count, by) : dequantize<Stored>(from, answers, count, by);
  };
  if (port.stored.bits == 16) {
    is_signed ? with(int16_t{}) : with(uint16_t{});
  } else {
    is_signed ? with(int8_t{}) : with(uint8_t{});
  }
}

// How often the model is to be run for the request.
size_t runs_for(const sluice_model &model, const sluice_request *request) {
  if (!model.runs_each) return 1;
  int64_t rows = -1;
  for (const Port &port : model.inputs) {
    const sluice_tensor &tensor = sluice::input_of(request, port);
    const int64_t own = tensor.ndim > 0 ? tensor.shape[0] : 0;
    if (own < 1 || (rows >= 0 && rows != own)) {
      throw Failure(SLUICE_INVALID_ARGUMENT, "inputs of other numbers of rows, or of none");
    }
    rows = own;
  }
  return static_cast<size_t>(rows);
}

// Those of one run of so many: each has as many rows as the others.
void write_inputs(const sluice_model &model, const sluice_request *request, Runner &runner, size_t run, size_t runs) {
  const Api &api = runner.api;
  std::vector<std::vector<int>> shapes;
  std::vector<const sluice_tensor *> tensors;
  for (const Port &port : model.inputs) {
    const sluice_tensor &tensor = sluice::input_of(request, port);
    std::vector<int> shape;
    for (int32_t axis = 0; axis < tensor.ndim; axis++) {
      if (tensor.shape[axis] < 1 || tensor.shape[axis] > INT32_MAX) {
        throw Failure(SLUICE_INVALID_ARGUMENT,
                      "input \"" + port.name.substr(0, 64) + "\" has a dimension that the model can't take");
      }
      shape.push_back(axis == 0 && model.runs_each ? 1 : static_cast<int>(tensor.shape[axis]));
    }
    shapes.push_back(shape);
    tensors.push_back(&tensor);
  }
  if (!runner.shape(shapes)) {
    throw Failure(SLUICE_INVALID_ARGUMENT, "the model can't take inputs of these shapes: " + runner.problem);
  }
  for (size_t i = 0; i < tensors.size(); i++) {
    const TensorPort &place = model.input_tensors[i];
    const Tensor *to = api.input(runner.interpreter, static_cast<int32_t>(i));
    const sluice_tensor &from = *tensors[i];
    const size_t size = from.byte_size / runs, count = size / (from.dtype.bits / 8);
    const void *data = size == 0 ? nullptr : static_cast<const char *>(from.data) + run * size;
    if (api.byte_size(to) != count * (place.stored.bits / 8)) {
      throw Failure(SLUICE_INTERNAL, "the model takes another number of bytes than its shape says");
    }
    if (place.dequantized) {
      convert(place, data, api.data(to), count, true);
    } else if (size > 0) {
      std::memcpy(api.data(to), data, size);
    }
  }
}

// `rooms` are the outputs' memory, which the first run finds.
void write_outputs(const sluice_model &model, const sluice_request *request, const Runner &runner, size_t run, size_t runs,
                   sluice::Answer &answer, std::vector<char *> &rooms) {
  const Api &api = runner.api;
  rooms.resize(model.outputs.size());
  for (size_t i = 0; i < model.outputs.size(); i++) {
    const Port &port = model.outputs[i];
    if (!output_is_wanted(request, port.name.c_str())) continue;
    const TensorPort &place = model.output_tensors[i];
    const Tensor *from = api.output(runner.interpreter, place.index);
    std::vector<int64_t> shape;
    for (int32_t axis = 0; axis < api.rank(from); axis++) shape.push_back(api.size(from, axis));
    const size_t count = sluice::count_of(shape);
    if (api.byte_size(from) != count * (place.stored.bits / 8)) {
      throw Failure(SLUICE_INTERNAL, "output \"" + port.name.substr(0, 64) + "\" has another size than it says");
    }
    if (runs > 1 && (shape.empty() || shape[0] != 1)) {
      throw Failure(SLUICE_INTERNAL, "output \"" + port.name.substr(0, 64) + "\" has another shape than it declares");
    }
    if (run == 0) {
      if (runs > 1) shape[0] = static_cast<int64_t>(runs);
      rooms[i] = static_cast<char *>(answer.add(port.name.c_str(), port.dtype, shape).data);
    }
    const size_t size = count * (port.dtype.bits / 8);
    if (place.dequantized) {
      convert(place, api.data(from), rooms[i] + run * size, count, false);
    } else if (size > 0) {
      std::memcpy(rooms[i] + run * size, api.data(from), size);
    }
  }
}

}  // namespace

void run_model(sluice_model &model, const sluice_request *request) {
  if (sluice::asks_nothing(model.info, request)) return sluice::answer_nothing(model.outputs, request);
  const size_t runs = runs_for(model, request);
  Borrowed runner(model);
  sluice::Answer answer(request);
  std::vector<char *> rooms;
  for (size_t run = 0; run < runs; run++) {
    if (run > 0 && request->host->is_cancelled(request) != 0) {
      throw Failure(SLUICE_CANCELLED, "nobody waits for the other rows any more");
    }
    write_inputs(model, request, *runner, run, runs);
    if (!(*runner).invoke()) throw Failure(SLUICE_INTERNAL, "running the model: " + (*runner).problem);
    write_outputs(model, request, *runner, run, runs, answer, rooms);
  }
  answer.send();
  runner.give_back();
}

}  // namespace tflite
