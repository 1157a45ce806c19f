// lightgbm - text models on LightGBM's C library.
#include <fstream>
#include <mutex>

#include "trees.h"

namespace {

using sluice::Failure;
using Handle = void *;

// The part of LightGBM's C API that is used here. Functions return 0 when all went well.
struct Api {
  const char *(*last_error)();
  int (*log_callback)(void (*callback)(const char *));
  int (*load)(const char *file, int *iterations, Handle *booster);
  int (*release)(Handle booster);
  int (*features)(Handle booster, int *count);
  int (*classes)(Handle booster, int *count);
  int (*feature_names)(Handle booster, int room, int *count, size_t length, size_t *longest, char **names);
  int (*count)(Handle booster, int rows, int type, int first, int iterations, int64_t *count);
  int (*predict)(Handle booster, const void *rows, int data_type, int32_t count, int32_t columns, int row_major,
                 int type, int first, int iterations, const char *parameters, int64_t *size, double *numbers);
};

sluice::Library library({"LightGBM", "lib_lightgbm.so", "SLUICE_LIGHTGBM", "LGBM_BoosterPredictForMat",
                         "make deps", "pip install lightgbm"});
Api api;                  // filled in when the library is opened, constant afterwards
std::mutex opening;       // one at a time
const sluice_host *logs;  // LightGBM's log has no context of its own

void log_to_host(const char *message) {
  std::string text = message;
  while (!text.empty() && text.back() == '\n') text.pop_back();
  if (!text.empty() && logs->log_level <= SLUICE_LOG_WARN) logs->log(logs, SLUICE_LOG_WARN, text.c_str());
}

// LightGBM keeps the receiver of its log by thread, and writes to the standard output without one.
void catch_log() {
  static thread_local bool is_caught = false;
  if (!is_caught) api.log_callback(log_to_host);
  is_caught = true;
}

void open_library(const sluice_host *host, const sluice_load_args *args) {
  const std::lock_guard<std::mutex> guard(opening);
  if (!library.open(args) && logs != nullptr) return;
  library.find("LGBM_GetLastError", api.last_error);
  library.find("LGBM_RegisterLogCallback", api.log_callback);
  library.find("LGBM_BoosterCreateFromModelfile", api.load);
  library.find("LGBM_BoosterFree", api.release);
  library.find("LGBM_BoosterGetNumFeature", api.features);
  library.find("LGBM_BoosterGetNumClasses", api.classes);
  library.find("LGBM_BoosterGetFeatureNames", api.feature_names);
  library.find("LGBM_BoosterCalcNumPredict", api.count);
  library.find("LGBM_BoosterPredictForMat", api.predict);
  logs = host;
}

class LightGBM final : public trees::Booster {
 public:
  LightGBM(const trees::Options &options, sluice_dtype datatype)
      : type_(options.margin ? 1 : 0), iterations_(options.iterations == 0 ? -1 : static_cast<int>(options.iterations)) {
    input = datatype;
    answers = {SLUICE_FLOAT, 64, 1};
    parameters_ = "verbosity=-1 num_threads=" + std::to_string(options.threads);
    const std::string &file = options.file.path;
    int rounds = 0;
    if (api.load(file.c_str(), &rounds, &booster_) != 0) {
      throw Failure(SLUICE_INVALID_ARGUMENT, "config.file: " + file.substr(0, 160) + ": " + last_error());
    }
    try {
      describe(file);
    } catch (...) {
      api.release(booster_);
      throw;
    }
  }
  ~LightGBM() override { api.release(booster_); }

  void predict(const void *rows, size_t count, void *numbers) override {
    catch_log();
    if (count > INT32_MAX) throw Failure(SLUICE_OUT_OF_RANGE, "more rows than LightGBM can count");
    int64_t size = 0;
    const int status = api.predict(booster_, rows, input.bits == 64 ? 1 : 0, static_cast<int32_t>(count),
                                   static_cast<int32_t>(features), 1, type_, 0, iterations_, parameters_.c_str(), &size,
                                   static_cast<double *>(numbers));
    if (status != 0) throw Failure(SLUICE_INTERNAL, "predicting: " + last_error());
  }

 private:
  static std::string last_error() { return std::string(api.last_error()).substr(0, 300); }

  void describe(const std::string &file) {
    int feature_count = 0, class_count = 0;
    int64_t numbers = 0;
    if (api.features(booster_, &feature_count) != 0 || api.classes(booster_, &class_count) != 0 ||
        api.count(booster_, 1, type_, 0, iterations_, &numbers) != 0 || feature_count < 1 || numbers < 1) {
      throw Failure(SLUICE_INVALID_ARGUMENT, "config.file: " + file.substr(0, 160) + ": " + last_error());
    }
    features = feature_count;
    width = numbers;
    const std::string objective = read_objective(file);
    const std::string name = objective.substr(0, objective.find(' '));
    if (name == "binary") meaning = trees::Meaning::probability;
    if (name == "multiclass" || name == "multiclassova") meaning = trees::Meaning::probabilities;
    if (!objective.empty()) metadata.emplace_back("objective", objective);
    read_names(feature_count);
    metadata.emplace_back("runtime", "LightGBM");
  }

  // The C API doesn't tell; the file does, in a line of its head.
  static std::string read_objective(const std::string &file) {
    std::ifstream text(file);
    for (std::string line; std::getline(text, line) && line.rfind("Tree=", 0) != 0;) {
      if (line.rfind("objective=", 0) == 0) return line.substr(10, 200);
    }
    return "";
  }

  void read_names(int count) {
    int found = 0;
    size_t longest = 0;
    if (api.feature_names(booster_, 0, &found, 0, &longest, nullptr) != 0 || found != count || longest > 4096) return;
    std::vector<std::string> names(static_cast<size_t>(count), std::string(longest, '\0'));
    std::vector<char *> rooms;
    for (std::string &name : names) rooms.push_back(name.data());
    if (api.feature_names(booster_, count, &found, longest, &longest, rooms.data()) != 0) return;
    std::string list;
    for (const std::string &name : names) list += (list.empty() ? "" : ", ") + std::string(name.c_str());
    metadata.emplace_back("features", list);
  }

  Handle booster_ = nullptr;
  const int type_, iterations_;
  std::string parameters_;
};

std::unique_ptr<trees::Booster> open(const sluice_host *host, const sluice_load_args *args,
                                     const trees::Options &options, sluice_dtype datatype) {
  open_library(host, args);
  catch_log();
  return std::make_unique<LightGBM>(options, datatype);
}

}  // namespace

const trees::Kind trees::kind = {"dev.sluice.lightgbm", "Runs LightGBM's text models", "lightgbm_booster",
                                 "the model's text file", {SLUICE_FLOAT, 64, 1}, open};
