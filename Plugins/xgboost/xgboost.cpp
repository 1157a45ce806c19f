// xgboost - .json and .ubj models on XGBoost's C library.
#include <cmath>
#include <cstdint>
#include <mutex>
#include <nlohmann/json.hpp>

#include "trees.h"

namespace {

using sluice::Failure;
using Handle = void *;

// The part of XGBoost's C API that is used here; 1.6 is the first version that has it all. Functions return 0 when all
// went well.
struct Api {
  void (*version)(int *major, int *minor, int *patch);
  const char *(*last_error)();
  int (*log_callback)(void (*callback)(const char *));
  int (*create)(const Handle *matrices, uint64_t count, Handle *booster);
  int (*release)(Handle booster);
  int (*set)(Handle booster, const char *name, const char *value);
  int (*load)(Handle booster, const char *file);
  int (*configuration)(Handle booster, uint64_t *size, const char **json);
  int (*features)(Handle booster, uint64_t *count);
  int (*feature_texts)(Handle booster, const char *field, uint64_t *count, const char ***texts);
  int (*predict_dense)(Handle booster, const char *array, const char *config, Handle matrix, const uint64_t **shape,
                       uint64_t *rank, const float **numbers);
  int (*predict_matrix)(Handle booster, Handle matrix, const char *config, const uint64_t **shape, uint64_t *rank,
                        const float **numbers);
  int (*matrix)(const char *array, const char *config, Handle *matrix);
  int (*release_matrix)(Handle matrix);
};

sluice::Library library({"XGBoost", "libxgboost.so", "SLUICE_XGBOOST", "XGBoosterPredictFromDense",
                         "make deps", "pip install xgboost-cpu"});
Api api;                  // filled in when the library is opened, constant afterwards
std::mutex opening;       // one at a time
const sluice_host *logs;  // XGBoost's log has no context of its own

void log_to_host(const char *message) {
  if (logs->log_level <= SLUICE_LOG_WARN) logs->log(logs, SLUICE_LOG_WARN, message);
}

void open_library(const sluice_host *host, const sluice_load_args *args) {
  const std::lock_guard<std::mutex> guard(opening);
  if (!library.open(args) && logs != nullptr) return;
  library.find("XGBoostVersion", api.version);
  library.find("XGBGetLastError", api.last_error);
  library.find("XGBRegisterLogCallback", api.log_callback);
  library.find("XGBoosterCreate", api.create);
  library.find("XGBoosterFree", api.release);
  library.find("XGBoosterSetParam", api.set);
  library.find("XGBoosterLoadModel", api.load);
  library.find("XGBoosterSaveJsonConfig", api.configuration);
  library.find("XGBoosterGetNumFeature", api.features);
  library.find("XGBoosterGetStrFeatureInfo", api.feature_texts);
  library.find("XGBoosterPredictFromDense", api.predict_dense);
  library.find("XGBoosterPredictFromDMatrix", api.predict_matrix);
  library.find("XGDMatrixCreateFromDense", api.matrix);
  library.find("XGDMatrixFree", api.release_matrix);
  logs = host;
  api.log_callback(log_to_host);
}

// What XGBoost says of its last failure, without the place in its source and the stack.
std::string last_error() {
  std::string text = api.last_error();
  text.resize(std::min(text.find("Stack trace"), text.size()));
  const size_t place = text.find(".cc:");
  const size_t start = place == std::string::npos ? place : text.find(": ", place);
  if (start != std::string::npos) text = text.substr(start + 2);
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text.empty() ? "no reason is given" : text.substr(0, 300);
}

class XGBoost final : public trees::Booster {
 public:
  XGBoost(const trees::Options &options, sluice_dtype datatype) {
    input = datatype;
    try {
      open(options);
    } catch (...) {
      api.release(booster_);
      throw;
    }
  }
  ~XGBoost() override { api.release(booster_); }

  void predict(const void *rows, size_t count, void *numbers) override {
    const uint64_t *shape = nullptr;
    uint64_t rank = 0;
    const float *found = nullptr;
    Handle matrix = nullptr;
    const std::string array = "{\"data\":[" + std::to_string(reinterpret_cast<uintptr_t>(rows)) + ",true],\"shape\":[" +
                              std::to_string(count) + "," + std::to_string(features) + "],\"typestr\":\"<f" +
                              std::to_string(input.bits / 8) + "\",\"version\":3}";
    int status = 0;
    if (parallel) {
      status = api.predict_dense(booster_, array.c_str(), prediction_.c_str(), nullptr, &shape, &rank, &found);
    } else {
      status = api.matrix(array.c_str(), "{\"missing\":NaN,\"nthread\":1}", &matrix);
      if (status == 0) status = api.predict_matrix(booster_, matrix, prediction_.c_str(), &shape, &rank, &found);
    }
    size_t total = 1;
    for (uint64_t i = 0; status == 0 && i < rank; i++) total *= shape[i];
    // XGBoost's own memory, which is this thread's until the next call.
    const bool fits = status == 0 && total == count * static_cast<size_t>(width);
    if (fits) std::memcpy(numbers, found, total * sizeof(float));
    const std::string problem = status == 0 ? "XGBoost answered another number of predictions" : last_error();
    if (matrix != nullptr) api.release_matrix(matrix);
    if (!fits) throw Failure(SLUICE_INTERNAL, "predicting: " + problem);
  }

 private:
  void open(const trees::Options &options) {
    if (api.create(nullptr, 0, &booster_) != 0) throw Failure(SLUICE_INTERNAL, "starting XGBoost: " + last_error());
    const std::string &file = options.file.path;
    // Before loading: what a file can't say is taken from these.
    api.set(booster_, "nthread", std::to_string(options.threads).c_str());
    if (api.load(booster_, file.c_str()) != 0) {
      throw Failure(SLUICE_INVALID_ARGUMENT, "config.file: " + file.substr(0, 160) + ": " + last_error());
    }
    api.set(booster_, "nthread", std::to_string(options.threads).c_str());
    uint64_t count = 0;
    if (api.features(booster_, &count) != 0 || count == 0 || count > INT32_MAX) {
      throw Failure(SLUICE_INVALID_ARGUMENT,
                    "config.file: " + file.substr(0, 300) + " does not say how many features it takes");
    }
    features = static_cast<int64_t>(count);
    const std::string booster = read_objective();
    // Trees answer from rows as they are, on several threads at once; linear boosters don't.
    parallel = booster == "gbtree" || booster == "dart";
    prediction_ = std::string("{\"type\":") + (options.margin ? "1" : "0") +
                  ",\"training\":false,\"iteration_begin\":0,\"iteration_end\":" + std::to_string(options.iterations) +
                  ",\"strict_shape\":true,\"cache_id\":0,\"missing\":NaN}";
    find_width();
    read_names();
    int version[3] = {};
    api.version(&version[0], &version[1], &version[2]);
    metadata.emplace_back("runtime", "XGBoost " + std::to_string(version[0]) + "." + std::to_string(version[1]) + "." +
                                         std::to_string(version[2]));
  }

  // How the model was trained says what its numbers mean. Returns the name of its booster.
  std::string read_objective() {
    uint64_t size = 0;
    const char *text = nullptr;
    if (api.configuration(booster_, &size, &text) != 0) {
      throw Failure(SLUICE_INTERNAL, "reading the model's configuration: " + last_error());
    }
    const auto document = nlohmann::json::parse(text, text + size, nullptr, false);
    const auto find = [&](const char *path) {
      const nlohmann::json::json_pointer pointer(path);
      return !document.is_discarded() && document.contains(pointer) && document[pointer].is_string()
                 ? document[pointer].get<std::string>()
                 : std::string();
    };
    const std::string objective = find("/learner/objective/name");
    if (objective == "binary:logistic") meaning = trees::Meaning::probability;
    if (objective == "multi:softprob") meaning = trees::Meaning::probabilities;
    if (objective == "multi:softmax" || objective == "binary:hinge") meaning = trees::Meaning::label;
    const std::string booster = find("/learner/gradient_booster/name");
    metadata.emplace_back("objective", objective);
    metadata.emplace_back("booster", booster);
    return booster;
  }

  // One row, all of it missing, shows how many numbers there are for each.
  void find_width() {
    const std::vector<double> nothing(static_cast<size_t>(features), std::nan(""));
    const std::vector<float> narrow(static_cast<size_t>(features), std::nanf(""));
    const void *row = input.bits == 64 ? static_cast<const void *>(nothing.data()) : narrow.data();
    const std::string array = "{\"data\":[" + std::to_string(reinterpret_cast<uintptr_t>(row)) +
                              ",true],\"shape\":[1," + std::to_string(features) + "],\"typestr\":\"<f" +
                              std::to_string(input.bits / 8) + "\",\"version\":3}";
    Handle matrix = nullptr;
    const uint64_t *shape = nullptr;
    uint64_t rank = 0;
    const float *numbers = nullptr;
    int status = api.matrix(array.c_str(), "{\"missing\":NaN,\"nthread\":1}", &matrix);
    if (status == 0) status = api.predict_matrix(booster_, matrix, prediction_.c_str(), &shape, &rank, &numbers);
    uint64_t total = 1;
    for (uint64_t i = 0; status == 0 && i < rank; i++) total *= shape[i];
    const std::string problem = status == 0 ? "it answers nothing" : last_error();
    if (matrix != nullptr) api.release_matrix(matrix);
    if (status != 0 || total == 0 || total > INT32_MAX) {
      throw Failure(SLUICE_INVALID_ARGUMENT, "config.file: the model can't predict: " + problem);
    }
    width = static_cast<int64_t>(total);
  }

  void read_names() {
    uint64_t count = 0;
    const char **texts = nullptr;
    if (api.feature_texts(booster_, "feature_name", &count, &texts) != 0) return;
    std::string names;
    for (uint64_t i = 0; i < count; i++) names += (i == 0 ? "" : ", ") + std::string(texts[i]);
    if (!names.empty()) metadata.emplace_back("features", names);
  }

  Handle booster_ = nullptr;
  std::string prediction_;
};

std::unique_ptr<trees::Booster> open(const sluice_host *host, const sluice_load_args *args,
                                     const trees::Options &options, sluice_dtype datatype) {
  open_library(host, args);
  return std::make_unique<XGBoost>(options, datatype);
}

}  // namespace

const trees::Kind trees::kind = {"dev.sluice.xgboost", "Runs XGBoost's .json and .ubj models", "xgboost_booster",
                                 "the model's .json or .ubj file", {SLUICE_FLOAT, 32, 1}, open};
