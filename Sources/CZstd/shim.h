// Zstandard, as Debian's libzstd-dev has it.
#include <zstd.h>
#include <zstd_errors.h>
