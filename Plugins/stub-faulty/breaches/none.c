/* Breaks nothing: the control. */
#include "breach.h"

PLUGIN(good_load, good_unload, good_describe, good_infer, )
