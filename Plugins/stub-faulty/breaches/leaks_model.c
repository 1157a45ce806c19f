/* Does not free its model. */
#include "breach.h"

static void unload(sluice_model *model) { (void)model; }

PLUGIN(good_load, unload, good_describe, good_infer, )
