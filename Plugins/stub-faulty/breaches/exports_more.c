/* Exports a function besides its entry. */
#include "breach.h"

SLUICE_EXPORT int another_function(void);
int another_function(void) { return 1; }

PLUGIN(good_load, good_unload, good_describe, good_infer, )
