/* documentation.h - the pages that the gateway serves about itself, compiled in so that the program suffices alone. */
#ifndef DOCUMENTATION_H
#define DOCUMENTATION_H
#include <stddef.h>

/* The text of a file of the folder Files, and its size; NULL where there is none of that name. Constant. */
const unsigned char *documentation_file(const char *name, size_t *size);

#endif
