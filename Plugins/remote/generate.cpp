// generate.cpp - the answers of Triton's generate extension.
#include "dialect.h"
#include "events.h"

namespace remote {
namespace {

// The events of generate_stream: outputs by name, without types and shapes.
class GenerateReader : public PartReader {
 public:
  GenerateReader(const Dialect &dialect, const sluice_request *request) : dialect_(dialect), request_(request) {}

  bool take(std::string_view bytes) override {
    return events_.take(bytes, [this](const std::string &data) { return part(data); });
  }

  void finish() override {
    if (!events_.is_between()) throw lie("ended in the middle of an answer");
    sluice::Answer answer(request_);
    send(answer, SLUICE_FINAL, {});
    has_ended = true;
  }

 private:
  bool part(const std::string &data) {
    sluice::Answer answer(request_);
    size_t found = 0;
    try {
      Document document(data);
      json::object about = document.object();
      for (json::field field : about) {
        const std::string_view key = field.unescaped_key();
        json::value value = field.value();
        if (key == "error") {
          std::string_view text;
          const bool is_text = value.get_string().get(text) == simdjson::SUCCESS;
          throw Failure(SLUICE_INTERNAL, "the remote failed" + (is_text ? ": " + readable(text) : ""));
        }
        const Port *port = dialect_.output_named(key);
        if (port == nullptr || !output_is_wanted(request_, port->name.c_str())) continue;
        found++;
        add(answer, *port, value, data.size());
      }
    } catch (const simdjson::simdjson_error &) {
      throw lie("sends an event that is no answer of its model");
    }
    if (found == 0) return true;
    has_answered = true;
    return send(answer, 0, {}) == SLUICE_OK;
  }

  // A lone element, or a flat list: the shape is what the model declares, with what came in its free dimension.
  static void add(sluice::Answer &answer, const Port &port, json::value value, size_t size) {
    std::vector<int64_t> shape = port.any_rank ? std::vector<int64_t>{-1} : port.shape;
    const bool is_list = kind_of(value) == json::json_type::array;
    int64_t count = 1;
    json::array list;
    if (is_list) {
      list = value.get_array();
      count = static_cast<int64_t>(size_t(list.count_elements()));
    }
    int64_t *free = nullptr;
    for (int64_t &dimension : shape) {
      if (dimension >= 0) {
        count = dimension == 0 ? 0 : count / dimension;
      } else if (free == nullptr) {
        free = &dimension;
      } else {
        dimension = 1;
      }
    }
    if (free != nullptr) *free = count;
    if (is_list) return add_json(answer, port, std::move(shape), list, size);
    // As a list of one.
    std::string text = "{\"x\":[";
    if (kind_of(value) == json::json_type::string) {
      append_text(text, std::string_view(value.get_string()));
    } else {
      text += std::string_view(value.raw_json_token());
    }
    text += "]}";
    Document one(text);
    add_json(answer, port, std::move(shape), one.object()["x"].get_array(), text.size());
  }

  const Dialect &dialect_;
  const sluice_request *const request_;
  EventReader events_;
};

}  // namespace

std::unique_ptr<PartReader> generate_reader(const Dialect &dialect, const sluice_request *request) {
  return std::make_unique<GenerateReader>(dialect, request);
}

}  // namespace remote
