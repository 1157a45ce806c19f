// library.h - the library of a framework: found, and opened once per process.
//
// A plugin doesn't link against its framework, so that one build of the gateway runs with whichever is installed. Where
// it is looked for, first match wins: config.library, an environment variable, beside the plugin, where the system keeps
// libraries. It stays for the life of the process, as the plugin does.
#ifndef SLUICE_LIBRARY_H
#define SLUICE_LIBRARY_H
#include <dirent.h>
#include <dlfcn.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <vector>

#include "guard.h"

namespace sluice {

struct Framework {
  const char *name;      // "XGBoost"
  const char *file;      // "libxgboost.so": how its file's name begins
  const char *variable;  // the environment variable that may name the file
  const char *proof;     // a function that only this library has; null where none has a name of C
  const char *command;   // what gets it here: "make deps"
  const char *package;   // what gets it elsewhere: "pip install xgboost-cpu"
};

class Library {
 public:
  explicit Library(const Framework &framework) : framework_(framework) {}

  // Opens the library on the first call. Throws a Failure when there is none that can be used, or when the
  // configuration names another one than the process already has. Returns whether this call opened it.
  bool open(const sluice_load_args *args) {
    const std::lock_guard<std::mutex> guard(lock_);
    std::vector<std::string> places;
    const char *named_by = candidates(args, places);
    if (handle_ != nullptr) {
      if (named_by == nullptr || resolved(places[0]) == path_) return false;
      throw Failure(SLUICE_FAILED_PRECONDITION, std::string(named_by) + ": this process already runs on " + path_);
    }
    std::string why;
    void *handle = nullptr;
    for (const std::string &place : places) {
      // A link's own folder isn't where the library's companions are.
      path_ = resolved(place);
      handle = dlopen(path_.c_str(), RTLD_NOW | RTLD_LOCAL);
      if (handle != nullptr) break;
      const char *text = dlerror();
      if (why.empty() && place.find('/') != std::string::npos) why = text == nullptr ? place : text;
    }
    if (handle == nullptr) throw Failure(SLUICE_FAILED_PRECONDITION, missing(named_by, why));
    if (framework_.proof != nullptr && dlsym(handle, framework_.proof) == nullptr) {
      dlclose(handle);
      throw Failure(SLUICE_FAILED_PRECONDITION,
                    path_ + " is not " + framework_.name + ": it has no " + framework_.proof);
    }
    handle_ = handle;
    return true;
  }

  // A function of the open library; throws where it is too old, or too new, to have it.
  template <class Function>
  void find(const char *name, Function *&function) const {
    void *found = dlsym(handle_, name);
    if (found == nullptr) {
      throw Failure(SLUICE_FAILED_PRECONDITION,
                    path_ + " is a " + framework_.name + " that this plugin can't use: it has no " + name);
    }
    function = reinterpret_cast<Function *>(found);
  }

  const std::string &path() const { return path_; }

 private:
  // Fills in where to look; returns the setting that leaves no choice, or null.
  const char *candidates(const sluice_load_args *args, std::vector<std::string> &places) const {
    if (const char *configured = option_text(args, "library", nullptr)) {
      places = {configured[0] == '/' ? configured : std::string(args->path) + "/" + configured};
      return "config.library";
    }
    const char *environment = std::getenv(framework_.variable);
    if (environment != nullptr && environment[0] != '\0') {
      places = {environment};
      return framework_.variable;
    }
    const std::string folder = own_folder();
    if (DIR *directory = opendir(folder.c_str())) {
      while (const dirent *entry = readdir(directory)) {
        if (std::strncmp(entry->d_name, framework_.file, std::strlen(framework_.file)) != 0) continue;
        places.push_back(folder + "/" + entry->d_name);
      }
      closedir(directory);
    }
    std::sort(places.begin(), places.end());
    places.push_back(framework_.file);
    return nullptr;
  }

  std::string missing(const char *named_by, const std::string &why) const {
    if (named_by != nullptr) return std::string(named_by) + ": cannot load " + framework_.name + ": " + why;
    const std::string get = std::string(": run `") + framework_.command + "`, or `" + framework_.package +
                            "` and name the file with config.library";
    if (!why.empty()) return std::string("cannot load ") + framework_.name + ": " + why.substr(0, 250) + get;
    return std::string(framework_.file) + " (" + framework_.name +
           ") is neither beside this plugin nor where the system keeps libraries" + get;
  }

  static std::string resolved(const std::string &path) {
    char real[PATH_MAX];
    return path.find('/') != std::string::npos && realpath(path.c_str(), real) != nullptr ? real : path;
  }

  static std::string own_folder() {
    static const char here = 0;
    Dl_info info;
    if (dladdr(&here, &info) == 0 || info.dli_fname == nullptr) return ".";
    const std::string file = info.dli_fname;
    const size_t slash = file.rfind('/');
    return slash == std::string::npos ? "." : file.substr(0, slash);
  }

  const Framework framework_;
  std::mutex lock_;
  void *handle_ = nullptr;  // guarded by lock_ until it is opened, constant afterwards; path_ likewise
  std::string path_;
};

}  // namespace sluice

#endif
