/* driver - runs the tests of the plugins: driver PLUGINS_FOLDER MODELS_FOLDER SUITE... */
#include <stdlib.h>

#include "check.h"

int failures;
const char *plugins_folder;
const char *models_folder;

const char *plugin_file(const char *name) {
  static char file[4096];
  snprintf(file, sizeof file, "%s/%s.so", plugins_folder, name);
  return file;
}

static const struct {
  const char *name;
  void (*run)(void);
} suites[] = {
    {"echo", test_echo}, {"stub-faulty", test_stub_faulty}, {"broken", test_broken},
    {"ffi", test_ffi},   {"python", test_python}, {"media", test_media},
    {"remote", test_remote},
};

int main(int argc, char **argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: %s PLUGINS_FOLDER MODELS_FOLDER SUITE...\n", argv[0]);
    return 2;
  }
  plugins_folder = argv[1];
  models_folder = argv[2];
  for (int i = 3; i < argc; i++) {
    size_t s = 0;
    while (s < sizeof suites / sizeof suites[0] && strcmp(suites[s].name, argv[i]) != 0) s++;
    if (s == sizeof suites / sizeof suites[0]) {
      fprintf(stderr, "no suite \"%s\"\n", argv[i]);
      return 2;
    }
    int before = failures;
    suites[s].run();
    printf("%s %s\n", failures == before ? "passed" : "FAILED", argv[i]);
  }
  return failures == 0 ? 0 : 1;
}
