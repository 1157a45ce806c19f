#include <assert.h> /* C11: static_assert */
#include "layout_asserts.h"
