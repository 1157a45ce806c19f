#include "interpreter.h"

#include <dirent.h>
#include <dlfcn.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <vector>

#include "api.h"

namespace python {
namespace {

[[noreturn]] void refuse(const std::string &reason) { throw std::runtime_error(reason); }

bool is_program(const std::string &path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && access(path.c_str(), X_OK) == 0;
}

bool is_file(const std::string &path) { return access(path.c_str(), R_OK) == 0; }

// A shim, as version managers put onto the PATH, is a script and tells nothing of where the real program is.
bool is_binary(const std::string &path) {
  char magic[4] = {};
  std::ifstream(path, std::ios::binary).read(magic, sizeof magic);
  return std::memcmp(magic, "\177ELF", 4) == 0;
}

std::string real_path(const std::string &path) {
  char resolved[PATH_MAX];
  return realpath(path.c_str(), resolved) != nullptr ? resolved : "";
}

std::string folder_of(const std::string &path) { return path.substr(0, path.rfind('/')); }

std::string on_the_path(const std::string &name) {
  const char *list = getenv("PATH");
  std::string folders = list != nullptr ? list : "/usr/local/bin:/usr/bin:/bin";
  size_t start = 0;
  while (start <= folders.size()) {
    size_t end = folders.find(':', start);
    if (end == std::string::npos) end = folders.size();
    const std::string candidate = folders.substr(start, end - start) + "/" + name;
    if (candidate[0] == '/' && is_program(candidate) && is_binary(real_path(candidate))) return candidate;
    start = end + 1;
  }
  return "";
}

// "3.11" from "python3.11" or from "libpython3.11.so.1.0"; empty where there are no such numbers.
std::string version_in(const std::string &name, const std::string &prefix) {
  unsigned major = 0, minor = 0;
  if (name.compare(0, prefix.size(), prefix) != 0) return "";
  if (std::sscanf(name.c_str() + prefix.size(), "%u.%u", &major, &minor) != 2) return "";
  return std::to_string(major) + "." + std::to_string(minor);
}

// The version that a venv's own file tells.
std::string version_of_venv(const std::string &venv) {
  std::ifstream file(venv + "/pyvenv.cfg");
  for (std::string line; std::getline(file, line);) {
    const size_t equals = line.find('=');
    if (line.compare(0, 7, "version") != 0 || equals == std::string::npos) continue;
    const size_t start = line.find_first_not_of(' ', equals + 1);
    if (start != std::string::npos) return version_in(line.substr(start), "");
  }
  return "";
}

// The version of the only libpython in a folder.
std::string version_in_folder(const std::string &folder) {
  std::string found;
  if (DIR *entries = opendir(folder.c_str())) {
    while (const dirent *entry = readdir(entries)) {
      const std::string version = version_in(entry->d_name, "libpython");
      if (version.empty() || std::strstr(entry->d_name, ".so.") == nullptr) continue;
      if (!found.empty() && found != version) found = "?";
      if (found.empty()) found = version;
    }
    closedir(entries);
  }
  return found == "?" ? "" : found;
}

std::vector<std::string> library_folders(const std::string &base) {
  const std::string lib = folder_of(folder_of(base)) + "/lib";
  return {lib, lib + "/x86_64-linux-gnu", lib + "/aarch64-linux-gnu", lib + "64"};
}

std::string library_of(const std::string &base, const std::string &version) {
  const std::string name = "libpython" + version + ".so.1.0";
  for (const std::string &folder : library_folders(base)) {
    if (is_file(folder + "/" + name)) return folder + "/" + name;
  }
  return name; // wherever the dynamic linker looks: a Python without its own library runs with the system's
}

}  // namespace

Installation find_installation(const std::string &venv, const std::string &program) {
  Installation found;
  if (!venv.empty()) {
    for (const char *name : {"/bin/python3", "/bin/python"}) {
      if (found.program.empty() && is_program(venv + name)) found.program = venv + name;
    }
    if (found.program.empty()) {
      refuse("config.venv: no Python in " + venv + "/bin; make it by `python3 -m venv " + venv + "`");
    }
    found.version = version_of_venv(venv);
  } else {
    const std::string name = program.empty() ? "python3" : program;
    found.program = name.find('/') != std::string::npos ? name : on_the_path(name);
    if (found.program.empty() || !is_program(found.program)) {
      refuse(program.empty() ? "no python3 on the PATH; name one by config.python, or a config.venv"
                             : "config.python: there is no program " + name);
    }
    if (!is_binary(real_path(found.program))) {
      refuse("config.python: " + found.program + " is a script; name the Python itself");
    }
  }
  const std::string base = real_path(found.program);
  if (base.empty()) refuse(found.program + " leads nowhere: the Python that it was made from is gone");
  const std::string file = base.substr(base.rfind('/') + 1);
  if (file.compare(0, 6, "python") != 0) refuse(found.program + " is " + base + ", which is no Python");
  if (found.version.empty()) found.version = version_in(file, "python");
  for (const std::string &folder : library_folders(base)) {
    if (found.version.empty()) found.version = version_in_folder(folder);
  }
  if (found.version.empty()) refuse("can't tell which version of Python " + base + " is: no libpython near it");
  unsigned major = 0, minor = 0;
  std::sscanf(found.version.c_str(), "%u.%u", &major, &minor);
  if (major != 3 || minor < 9) refuse(found.program + " is Python " + found.version + "; 3.9 or newer is needed");
  found.library = library_of(base, found.version);
  return found;
}

namespace {

// Structures of CPython that are filled in by its own functions and whose size differs by version: room for any.
struct Opaque {
  alignas(16) unsigned char bytes[8192];
};
// PyStatus, the same since 3.8.
struct InitStatus {
  int type;
  const char *function, *message;
  int exit_code;
};
// The head of PyPreConfig, the same from 3.8 to 3.13.
enum { PRE_UTF8_MODE = 7, PRE_FIELDS = 10 };

template <class Function> Function function(void *library, const char *name) {
  auto found = reinterpret_cast<Function>(dlsym(library, name));
  if (found == nullptr) refuse(std::string("the Python library lacks ") + name);
  return found;
}

void require(const InitStatus &status, const char *step) {
  if (status.type == 0) return;
  refuse(std::string(step) + ": " + (status.message != nullptr ? status.message : "Python did not start"));
}

// 3.9 to 3.13. Isolated: no environment variables, no user folder, no signal handlers, no change of locale.
void start_by_structs(void *library, const std::string &program) {
  Opaque pre = {};
  function<void (*)(Opaque *)>(library, "PyPreConfig_InitIsolatedConfig")(&pre);
  int fields[PRE_FIELDS];
  std::memcpy(fields, &pre, sizeof fields);
  fields[PRE_UTF8_MODE] = 1;
  std::memcpy(&pre, fields, sizeof fields);
  require(function<InitStatus (*)(const Opaque *)>(library, "Py_PreInitialize")(&pre), "preparing Python");

  wchar_t *wide = function<wchar_t *(*)(const char *, size_t *)>(library, "Py_DecodeLocale")(program.c_str(), nullptr);
  if (wide == nullptr) refuse("the path of Python can't be decoded: " + program);
  function<void (*)(const wchar_t *)>(library, "Py_SetProgramName")(wide); // keeps the pointer

  static Opaque config = {};
  function<void (*)(Opaque *)>(library, "PyConfig_InitIsolatedConfig")(&config);
  require(function<InitStatus (*)(const Opaque *)>(library, "Py_InitializeFromConfig")(&config), "starting Python");
}

// From 3.14 on: the same by the functions of PEP 741.
void start_by_functions(void *library, const std::string &program) {
  struct Config;
  auto config = function<Config *(*)()>(library, "PyInitConfig_Create")();
  auto set_text = function<int (*)(Config *, const char *, const char *)>(library, "PyInitConfig_SetStr");
  auto set_integer = function<int (*)(Config *, const char *, long long)>(library, "PyInitConfig_SetInt");
  if (config == nullptr) refuse("out of memory");
  auto initialize = function<int (*)(Config *)>(library, "Py_InitializeFromInitConfig");
  const bool good = set_integer(config, "utf8_mode", 1) == 0 &&
                    set_text(config, "program_name", program.c_str()) == 0 && initialize(config) == 0;
  const char *message = nullptr;
  if (!good) function<int (*)(Config *, const char **)>(library, "PyInitConfig_GetError")(config, &message);
  const std::string reason = message != nullptr ? message : "no reason given";
  function<void (*)(Config *)>(library, "PyInitConfig_Free")(config);
  if (!good) refuse("starting Python: " + reason);
}

}  // namespace

void start(const Installation &installation) {
  static Installation running;
  if (!running.program.empty()) {
    if (running.program == installation.program) return;
    refuse("this process runs " + running.program + " already and can't run " + installation.program +
           " too: give the model a process of its own (`isolation: process`), or the same config.venv");
  }
  // Global, so that extension modules find Python's symbols: they don't name the library that they need them from. A
  // library that is open already, locally, becomes global by this too.
  void *library = dlopen(installation.library.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (library == nullptr) {
    const char *reason = dlerror();
    refuse("can't open the library of " + installation.program + ": " +
           (reason != nullptr ? reason : "no reason given") + "; install it (Debian: apt-get install libpython" +
           installation.version + "), or use a Python built with --enable-shared");
  }
  const std::string missing = api.fill(library);
  if (!missing.empty()) refuse("the library of Python " + installation.version + " lacks " + missing);
  if (api.Py_IsInitialized()) refuse("something else in this process has started Python already");
  if (dlsym(library, "PyInitConfig_Create") != nullptr) {
    start_by_functions(library, installation.program);
  } else {
    start_by_structs(library, installation.program);
  }
  running = installation;
  api.PyEval_SaveThread(); // the lock is taken anew by whoever needs it
}

}  // namespace python
