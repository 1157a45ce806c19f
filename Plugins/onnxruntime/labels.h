// labels.h - config.labels: an output that names the class with the highest score, where the model only numbers them.
#ifndef SLUICE_ONNXRUNTIME_LABELS_H
#define SLUICE_ONNXRUNTIME_LABELS_H
#include <string>
#include <utility>
#include <vector>

#include "runtime.h"

namespace sluice_ort {

struct Port;

struct Labels {
  size_t scores = 0;  // their place among the model's outputs
  std::string name;   // of the new output
  std::vector<std::string> texts;
};

// The names in a text: a list or a map from numbers as JSON or Python write them, lines, or words with commas between. Empty
// where it is none of these, or has a hole.
std::vector<std::string> names_in(const std::string &text);

// Reads config.labels, if it is there. May throw std::bad_alloc.
sluice_status read_labels(const sluice_load_args *args, const std::vector<std::pair<std::string, std::string>> &metadata,
                          const std::vector<Port> &outputs, Labels &labels, sluice_error *error);

// Which class has the highest score in each row; SIZE_MAX where none has, as all are NaN.
std::vector<size_t> best_classes(const sluice_tensor &scores, size_t classes);

}  // namespace sluice_ort

#endif
