// trees.h - what the plugins of tree models share: a table of numbers in, labels, probabilities or predictions out.
//
// A plugin of this kind is open_booster() and a name; trees.cpp is the rest of it.
#ifndef SLUICE_TREES_H
#define SLUICE_TREES_H
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "file.h"
#include "library.h"
#include "settings.h"

namespace trees {

struct Options {
  sluice::ModelFile file;
  int64_t threads = 1;     // of one call
  int64_t iterations = 0;  // how many rounds of trees answer; 0 = all that the file means to be used
  bool margin = false;     // sums of leaves instead of predictions
};

// What the numbers of a row are.
enum class Meaning {
  prediction,     // one or several targets
  probability,    // of the second of two classes
  probabilities,  // one each class
  label           // the number of the class
};

class Booster {
 public:
  virtual ~Booster() = default;

  // The numbers of `count` rows, `width` each, into memory of `answers`. `rows` has `features` numbers of the type
  // `input` each. Called from as many threads at once as `parallel` allows. Throws a Failure.
  virtual void predict(const void *rows, size_t count, void *numbers) = 0;

  int64_t features = 0, width = 1;
  sluice_dtype input = {SLUICE_FLOAT, 32, 1};    // what rows have
  sluice_dtype answers = {SLUICE_FLOAT, 32, 1};  // what predictions have
  Meaning meaning = Meaning::prediction;
  bool parallel = true;
  std::vector<std::pair<std::string, std::string>> metadata;
};

// The plugin's own part. `datatype` is what config.datatype says.
struct Kind {
  const char *id, *summary, *platform, *file;  // `file` as in "the model's .json or .ubj file"
  sluice_dtype input;                          // what rows have by default
  std::unique_ptr<Booster> (*open)(const sluice_host *host, const sluice_load_args *args, const Options &options,
                                   sluice_dtype datatype);
};
extern const Kind kind;

}  // namespace trees

#endif
