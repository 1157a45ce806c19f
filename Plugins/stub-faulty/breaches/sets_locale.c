/* Changes the locale. */
#include <locale.h>

#include "breach.h"

LOAD {
  setlocale(LC_ALL, "C.UTF-8");
  return good_load(host, args, out, error);
}

PLUGIN(load, good_unload, good_describe, good_infer, )
