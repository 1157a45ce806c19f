// file.h - the model's own file, as the configuration names it.
#ifndef SLUICE_FILE_H
#define SLUICE_FILE_H
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "guard.h"

namespace sluice {

struct ModelFile {
  std::string path;  // absolute
  uint64_t size;
};

// What config.file names. `what` says what it should be, for the error where the setting is missing.
inline ModelFile model_file(const sluice_load_args *args, const char *what) {
  const char *file = option_text(args, "file", "");
  if (file[0] == '\0') throw Failure(SLUICE_INVALID_ARGUMENT, std::string("config.file is missing: it names ") + what);
  const std::string path = file[0] == '/' ? file : std::string(args->path) + "/" + file;
  struct stat about;
  if (stat(path.c_str(), &about) != 0) {
    throw Failure(SLUICE_NOT_FOUND, "config.file: " + path.substr(0, 380) + ": " + std::strerror(errno));
  }
  if (!S_ISREG(about.st_mode)) {
    throw Failure(SLUICE_INVALID_ARGUMENT, "config.file: " + path.substr(0, 380) + " is not a file");
  }
  return {path, static_cast<uint64_t>(about.st_size)};
}

}  // namespace sluice

#endif
