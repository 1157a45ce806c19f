#include "sources.h"

// The assembler finds the files by the folder that the Makefile gives it.
#define EMBED(symbol, file)                                                                \
  __asm__(".section .rodata\n.globl " #symbol "\n.hidden " #symbol "\n" #symbol ":\n"  \
          ".incbin \"" file "\"\n.byte 0\n.text\n")

EMBED(sluice_python_runtime, "runtime.py");
EMBED(sluice_python_estimator, "estimator.py");
