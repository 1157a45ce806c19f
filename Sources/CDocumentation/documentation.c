/* The pages are ordinary files below Files, which the compiler copies in here. */
#include "documentation.h"

#include <string.h>

#pragma clang diagnostic ignored "-Wc23-extensions" /* #embed: Swift's clang has it in every C */

static const unsigned char openapi_json[] = {
#embed "Files/openapi.json"
};
static const unsigned char page_html[] = {
#embed "Files/page.html"
};
static const unsigned char page_js[] = {
#embed "Files/page.js"
};
static const unsigned char page_css[] = {
#embed "Files/page.css"
};

static const struct {
  const char *name;
  const unsigned char *text;
  size_t size;
} files[] = {
    {"openapi.json", openapi_json, sizeof openapi_json},
    {"page.html", page_html, sizeof page_html},
    {"page.js", page_js, sizeof page_js},
    {"page.css", page_css, sizeof page_css},
};

const unsigned char *documentation_file(const char *name, size_t *size) {
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    if (strcmp(files[i].name, name) != 0) continue;
    *size = files[i].size;
    return files[i].text;
  }
  return NULL;
}
