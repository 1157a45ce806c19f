#include "trees.h"

#include <algorithm>
#include <cstring>
#include <thread>

#include "answer.h"
#include "backend.h"

struct sluice_model {
  std::unique_ptr<trees::Booster> booster;
  bool margin = false;
  std::vector<std::string> classes;  // config.classes
  int64_t row_shape[1], width_shape[1];
  sluice_tensor_spec input = {};
  std::vector<sluice_tensor_spec> outputs;
  std::vector<sluice_kv> metadata;
  sluice_model_info info = {};
};

namespace trees {
namespace {

using sluice::Failure;
constexpr sluice_dtype int64 = {SLUICE_INT, 64, 1}, bytes = {SLUICE_BYTES, 8, 1};

sluice_tensor_spec spec_of(const char *name, sluice_dtype dtype, const int64_t *shape, const char *summary) {
  sluice_tensor_spec spec = {};
  spec.name = name;
  spec.dtype = dtype;
  spec.ndim = shape == nullptr ? 0 : 1;
  spec.shape = shape;
  spec.summary = summary;
  return spec;
}

void declare(sluice_model &model) {
  const Booster &booster = *model.booster;
  const bool classifies = booster.meaning != Meaning::prediction && !model.margin;
  model.row_shape[0] = booster.features;
  model.width_shape[0] = booster.meaning == Meaning::probability && classifies ? 2 : booster.width;
  model.input = spec_of("X", booster.input, model.row_shape, "a row of features; NaN where one is missing");
  if (!classifies) {
    const int64_t *shape = booster.width == 1 ? nullptr : model.width_shape;
    model.outputs.push_back(spec_of(model.margin ? "margin" : "prediction", booster.answers, shape,
                                    model.margin ? "the sum of the trees' leaves" : nullptr));
    if (model.classes.empty()) return;
    throw Failure(SLUICE_INVALID_ARGUMENT, "config.classes: this model's answers are no classes");
  }
  const bool named = !model.classes.empty();
  model.outputs.push_back(spec_of("label", named ? bytes : int64, nullptr, "the class that is most probable"));
  if (booster.meaning != Meaning::label) {
    model.outputs.push_back(
        spec_of("probabilities", booster.answers, model.width_shape, "of each class, in the order of the labels"));
  }
  const int64_t count = model.width_shape[0];
  if (named && booster.meaning != Meaning::label && static_cast<int64_t>(model.classes.size()) != count) {
    throw Failure(SLUICE_INVALID_ARGUMENT, "config.classes: " + std::to_string(model.classes.size()) +
                                               " names, but the model has " + std::to_string(count) + " classes");
  }
}

void load(const sluice_host *host, const sluice_load_args *args, sluice_model &model) {
  const sluice::Settings settings(args, {"file", "library", "output", "classes", "datatype", "threads", "concurrency",
                                         "iterations", "max_batch_rows", "quick"});
  Options options;
  options.file = sluice::model_file(args, kind.file);
  options.threads = settings.integer("threads", 1, 1, 1024);
  options.iterations = settings.integer("iterations", 0, 0, INT32_MAX);
  options.margin = settings.choice("output", {"prediction", "margin"}) == 1;
  static const sluice_dtype types[] = {{SLUICE_FLOAT, 32, 1}, {SLUICE_FLOAT, 64, 1}};
  const bool is_wide = kind.input.bits == 64;
  const int type = settings.choice("datatype", is_wide ? std::vector<const char *>{"FP64", "FP32"}
                                                       : std::vector<const char *>{"FP32", "FP64"});
  const auto processors = static_cast<int64_t>(std::max(1u, std::thread::hardware_concurrency()));
  const int64_t concurrency = settings.integer("concurrency", processors, 1, 1024);
  const int64_t most_rows = settings.integer("max_batch_rows", 0, 0, INT32_MAX);
  const bool quick = settings.flag("quick", false);
  if (quick && options.threads != 1) {
    throw Failure(SLUICE_INVALID_ARGUMENT,
                  "config.quick runs the model where requests come in, which must not wait for other threads: "
                  "leave threads at 1");
  }
  model.booster = kind.open(host, args, options, types[is_wide ? 1 - type : type]);
  if (quick && !model.booster->parallel) {
    throw Failure(SLUICE_INVALID_ARGUMENT, "config.quick: this kind of booster answers one request at a time");
  }
  model.margin = options.margin;
  model.classes = settings.list("classes");
  declare(model);
  for (const auto &[key, value] : model.booster->metadata) model.metadata.push_back({key.c_str(), value.c_str()});

  sluice_model_info &info = model.info;
  info.struct_size = sizeof info;
  info.inputs = &model.input;
  info.input_count = 1;
  info.outputs = model.outputs.data();
  info.output_count = model.outputs.size();
  info.batching = SLUICE_BATCH_CONCAT;
  info.max_batch_rows = static_cast<int32_t>(most_rows);
  info.max_concurrency = model.booster->parallel ? static_cast<int32_t>(concurrency) : 1;
  info.flags = SLUICE_MODEL_DETERMINISTIC | (quick ? uint32_t{SLUICE_MODEL_QUICK} : 0);
  info.memory_bytes = options.file.size;
  info.platform = kind.platform;
  info.metadata = model.metadata.data();
  info.metadata_count = model.metadata.size();
}

// The answer to one request, and the numbers that it is made of.
class Labelling {
 public:
  Labelling(const sluice_model &model, const sluice_request *request, size_t count)
      : model_(model),
        request_(request),
        answer_(request),
        count_(count),
        is_wide_(model.booster->answers.bits == 64) {}

  void answer() {
    fill();
    answer_.send();
  }

 private:
  void fill() {
    const Booster &booster = *model_.booster;
    const auto *spec = model_.outputs.data();
    if (booster.meaning == Meaning::prediction || model_.margin) {
      if (output_is_wanted(request_, spec[0].name)) predict(make(spec[0]));
      return;
    }
    const bool wants_label = output_is_wanted(request_, spec[0].name);
    const bool wants_numbers = model_.outputs.size() > 1 && output_is_wanted(request_, spec[1].name);
    // The probabilities of all classes are what the booster gives; else its numbers are only on the way.
    const bool direct = wants_numbers && booster.meaning == Meaning::probabilities;
    void *numbers = direct ? make(spec[1]) : scratch();
    if (wants_label || wants_numbers) predict(numbers);
    if (wants_numbers && !direct) split(numbers, make(spec[1]));
    if (wants_label) write_labels(numbers, spec[0]);
  }

  void predict(void *numbers) {
    if (count_ > 0) model_.booster->predict(request_->inputs[0].data, count_, numbers);
  }

  void *scratch() {
    scratch_.resize(count_ * static_cast<size_t>(model_.booster->width) * (is_wide_ ? 8 : 4));
    return scratch_.data();
  }

  std::vector<int64_t> shape(const sluice_tensor_spec &spec) const {
    std::vector<int64_t> shape = {static_cast<int64_t>(count_)};
    if (spec.ndim == 1) shape.push_back(spec.shape[0]);
    return shape;
  }

  void *make(const sluice_tensor_spec &spec) { return answer_.add(spec.name, spec.dtype, shape(spec)).data; }

  double number(const void *numbers, size_t at) const {
    return is_wide_ ? static_cast<const double *>(numbers)[at] : static_cast<const float *>(numbers)[at];
  }

  // The probability of the second class becomes both.
  void split(const void *numbers, void *both) const {
    for (size_t row = 0; row < count_; row++) {
      if (is_wide_) {
        const double second = static_cast<const double *>(numbers)[row];
        static_cast<double *>(both)[2 * row] = 1 - second;
        static_cast<double *>(both)[2 * row + 1] = second;
      } else {
        const float second = static_cast<const float *>(numbers)[row];
        static_cast<float *>(both)[2 * row] = 1 - second;
        static_cast<float *>(both)[2 * row + 1] = second;
      }
    }
  }

  int64_t label(const void *numbers, size_t row) const {
    const auto width = static_cast<size_t>(model_.booster->width);
    switch (model_.booster->meaning) {
      case Meaning::probability:
        return number(numbers, row) > 0.5 ? 1 : 0;
      case Meaning::label:
        return static_cast<int64_t>(number(numbers, row));
      default:
        break;
    }
    size_t best = 0;  // the first of equals, as NumPy's argmax
    for (size_t i = 1; i < width; i++) {
      if (number(numbers, row * width + i) > number(numbers, row * width + best)) best = i;
    }
    return static_cast<int64_t>(best);
  }

  void write_labels(const void *numbers, const sluice_tensor_spec &spec) {
    std::vector<int64_t> labels(count_);
    for (size_t row = 0; row < count_; row++) labels[row] = label(numbers, row);
    if (model_.classes.empty()) {
      void *to = make(spec);
      if (count_ > 0) std::memcpy(to, labels.data(), count_ * sizeof(int64_t));
      return;
    }
    std::vector<const std::string *> names;
    for (const int64_t label : labels) names.push_back(&name(label));
    answer_.add_texts(spec.name, shape(spec), names);
  }

  const std::string &name(int64_t label) const {
    if (label >= 0 && label < static_cast<int64_t>(model_.classes.size())) {
      return model_.classes[static_cast<size_t>(label)];
    }
    throw Failure(SLUICE_INTERNAL, "the model answers class " + std::to_string(label) + ", and config.classes has " +
                                       std::to_string(model_.classes.size()) + " names");
  }

  const sluice_model &model_;
  const sluice_request *const request_;
  sluice::Answer answer_;
  const size_t count_;
  const bool is_wide_;
  std::vector<char> scratch_;
};

void infer(sluice_model &model, const sluice_request *request) {
  if (request->input_count != 1 || std::strcmp(request->inputs[0].name, "X") != 0) {
    throw Failure(SLUICE_INVALID_ARGUMENT, "the model takes one input, \"X\"");
  }
  const sluice_tensor &rows = request->inputs[0];
  const Booster &booster = *model.booster;
  if (!sluice::same(rows.dtype, booster.input)) {
    throw Failure(SLUICE_INVALID_ARGUMENT, std::string("input \"X\" is ") + datatype_name(rows.dtype) +
                                               ", but the model takes " + datatype_name(booster.input));
  }
  if (rows.ndim != 2 || rows.shape[1] != booster.features) {
    throw Failure(SLUICE_INVALID_ARGUMENT,
                  "input \"X\" must have rows of " + std::to_string(booster.features) + " features");
  }
  Labelling(model, request, static_cast<size_t>(rows.shape[0])).answer();
}

}  // namespace
}  // namespace trees

extern "C" const sluice_plugin *sluice_plugin_v1(const sluice_host *, sluice_error *) {
  static const sluice_plugin plugin =
      sluice::backend<sluice_model, trees::load, trees::infer>(trees::kind.id, trees::kind.summary);
  return &plugin;
}
