// sources.h - the Python side, which is part of the library as it is.
#ifndef SLUICE_PYTHON_SOURCES_H
#define SLUICE_PYTHON_SOURCES_H

// NUL-terminated texts of runtime.py and estimator.py.
extern "C" const char sluice_python_runtime[], sluice_python_estimator[];

#endif
