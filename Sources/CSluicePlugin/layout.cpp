#include "layout_asserts.h"
