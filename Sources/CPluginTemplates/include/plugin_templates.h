/* plugin_templates.h - the files of `sluice plugin new`, compiled into the program so that it suffices alone. */
#ifndef PLUGIN_TEMPLATES_H
#define PLUGIN_TEMPLATES_H
#include <stddef.h>

/* One file of one language. @NAME@ and the like in its text are for the program to fill in. */
typedef struct plugin_template_file {
  const char *language; /* as the command line names it */
  const char *name;     /* the file's name in the generated folder */
  const unsigned char *text;
  size_t size;
} plugin_template_file;

/* All of them, a language's together; constant. */
const plugin_template_file *plugin_template_files(size_t *count);

#endif
