// interpreter.h - the one Python of this process: found, opened and started at the first model's load.
#ifndef SLUICE_PYTHON_INTERPRETER_H
#define SLUICE_PYTHON_INTERPRETER_H
#include <string>

#include "sluice_plugin.h"

namespace python {

// Where a Python is: found from its files alone, without running a program, which a sandbox may forbid.
struct Installation {
  std::string program; // absolute, e.g. /srv/venv/bin/python3; its name and place decide what Python imports
  std::string version; // "3.11"
  std::string library; // the libpython to open: a path, or a bare name for the dynamic linker
};

// The Python of a `venv` folder, or of a `program` (a path, or a name on the PATH); both may be empty: python3 on the
// PATH. Throws std::runtime_error with what is missing and how to get it.
Installation find_installation(const std::string &venv, const std::string &program);

// Starts it, or checks that it is the one that runs already, as one process has one Python. Throws std::runtime_error.
void start(const Installation &installation);

}  // namespace python
#endif
