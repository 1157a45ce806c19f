/* check.h - the assertions of these tests. A failed one is printed and counted; the test goes on. */
#ifndef TEST_CHECK_H
#define TEST_CHECK_H
#include <stdio.h>
#include <string.h>

extern int failures;

#define CHECK(condition)                                                                  \
  do {                                                                                    \
    if (!(condition)) {                                                                   \
      failures++;                                                                         \
      fprintf(stderr, "%s:%d: expected %s\n", __FILE__, __LINE__, #condition);            \
    }                                                                                     \
  } while (0)

#define CHECK_TEXT(actual, part)                                                                            \
  do {                                                                                                      \
    const char *text = (actual);                                                                            \
    if (text == NULL || strstr(text, (part)) == NULL) {                                                     \
      failures++;                                                                                           \
      fprintf(stderr, "%s:%d: expected \"%s\" in \"%s\"\n", __FILE__, __LINE__, (part), text ? text : "NULL"); \
    }                                                                                                       \
  } while (0)

/* Where the plugins under test are; test files and models come from the folders that the caller names. */
extern const char *plugins_folder;
extern const char *models_folder;
const char *plugin_file(const char *name);

void test_echo(void);
void test_stub_faulty(void);
void test_broken(void);
void test_ffi(void);
void test_python(void);
void test_media(void);
void test_remote(void);
#endif
