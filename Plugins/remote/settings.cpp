#include "settings.h"

#include <algorithm>
#include <fstream>
#include <utility>

namespace remote {
namespace {

constexpr uint64_t millisecond = 1'000'000, second = 1000 * millisecond;
constexpr size_t most_servers = 64, most_ports = 256, most_dimensions = 32, longest_key = 16384;

Failure wrong(const std::string &what) { return Failure(SLUICE_INVALID_ARGUMENT, "config." + what); }

std::string quoted(const std::string &text) { return "\"" + text.substr(0, 100) + "\""; }

// Reads one block; all that it throws is a Failure.
class Reader {
 public:
  explicit Reader(const sluice_load_args *args) : args_(args) {
    refuse_unknown("", {"protocol", "servers",    "model",   "version", "key",        "key_header", "ca",
                        "timeout",  "connect_timeout", "connections", "idle", "health", "eject",   "retry",
                        "max_answer", "tensors", "stream",  "streams", "inputs",     "outputs",    "task",
                        "dimensions", "sequences", "deterministic", "batched"});
    refuse_unknown("health", {"path", "every"});
    refuse_unknown("eject", {"after", "for", "most"});
  }

  const char *text(const std::string &key) const { return option_text(args_, key.c_str(), nullptr); }

  std::string text(const std::string &key, const std::string &fallback) const {
    const char *found = text(key);
    return found == nullptr ? fallback : found;
  }

  int64_t integer(const char *key, int64_t fallback, int64_t least, int64_t most) const {
    sluice_error error = {};
    sluice::check(option_integer(args_, key, least, most, &fallback, &error), &error);
    return fallback;
  }

  bool flag(const char *key, bool fallback) const {
    int value = fallback ? 1 : 0;
    sluice_error error = {};
    sluice::check(option_boolean(args_, key, &value, &error), &error);
    return value != 0;
  }

  int choice(const char *key, std::vector<const char *> choices) const {
    choices.push_back(nullptr);
    int chosen = 0;
    sluice_error error = {};
    sluice::check(option_choice(args_, key, choices.data(), &chosen, &error), &error);
    return chosen;
  }

  // Nanoseconds, written as 250ms, 5s, 2min.
  uint64_t duration(const char *key, uint64_t fallback, uint64_t least, uint64_t most) const {
    static constexpr std::pair<const char *, uint64_t> units[] = {
        {"ms", millisecond}, {"s", second}, {"min", 60 * second}, {"h", 3600 * second}};
    return quantity(key, fallback, least, most, units, "a duration such as 250ms or 5s");
  }

  // Bytes, written as 512KiB, 64MiB.
  uint64_t size(const char *key, uint64_t fallback, uint64_t least, uint64_t most) const {
    static constexpr std::pair<const char *, uint64_t> units[] = {
        {"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};
    return quantity(key, fallback, least, most, units, "a size such as 512KiB or 64MiB");
  }

  // Tensors by name, as `[{ name: x, datatype: FP32, shape: [-1, 16] }]`; without a shape any rank will do.
  std::vector<Port> ports(const char *key) const {
    std::vector<Port> ports;
    for (size_t i = 0;; i++) {
      const std::string place = std::string(key) + "." + std::to_string(i);
      const char *name = text(place + ".name");
      if (name == nullptr) {
        if (has_any(place)) throw wrong(place + ".name is missing");
        break;
      }
      if (i == most_ports) throw wrong(std::string(key) + " has more than " + std::to_string(most_ports) + " entries");
      refuse_unknown(place, {"name", "datatype", "shape"});
      Port port;
      port.name = name;
      if (text(place + ".datatype") == nullptr) throw wrong(place + ".datatype is missing: write it as FP32, INT64, BYTES");
      sluice_error error = {};
      sluice::check(option_datatype(args_, (place + ".datatype").c_str(), &port.dtype, &error), &error);
      for (size_t axis = 0;; axis++) {
        const std::string at = place + ".shape." + std::to_string(axis);
        if (text(at) == nullptr) break;
        if (axis == most_dimensions) throw wrong(place + ".shape has more than 32 dimensions");
        int64_t dimension = 0;
        sluice::check(option_integer(args_, at.c_str(), -1, INT32_MAX, &dimension, &error), &error);
        port.shape.push_back(dimension);
      }
      port.any_rank = port.shape.empty();
      for (const Port &other : ports) {
        if (other.name == port.name) throw wrong(place + ".name: " + quoted(port.name) + " is there twice");
      }
      ports.push_back(std::move(port));
    }
    if (ports.empty() && (text(key) != nullptr || has_any(key))) {
      throw wrong(std::string(key) + ": expected a list such as [{ name: x, datatype: FP32, shape: [-1, 16] }]");
    }
    return ports;
  }

  std::vector<std::string> list(const std::string &key) const {
    std::vector<std::string> items;
    if (const char *only = text(key)) items.push_back(only);
    for (size_t i = 0;; i++) {
      const char *item = text(key + "." + std::to_string(i));
      if (item == nullptr) return items;
      items.push_back(item);
    }
  }

  std::string absolute(const std::string &path) const {
    return path[0] == '/' ? path : std::string(args_->path) + "/" + path;
  }

  const sluice_load_args *args() const { return args_; }

 private:
  template <size_t count>
  uint64_t quantity(const char *key, uint64_t fallback, uint64_t least, uint64_t most,
                    const std::pair<const char *, uint64_t> (&units)[count], const char *expected) const {
    const char *given = text(key);
    if (given == nullptr) return fallback;
    const std::string written = given;
    const size_t digits = std::min(written.find_first_not_of("0123456789"), written.size());
    for (const auto &[unit, factor] : units) {
      if (digits == 0 || digits > 12 || written.compare(digits, std::string::npos, unit) != 0) continue;
      const uint64_t number = std::stoull(written.substr(0, digits));
      if (number > most / factor || number * factor < least) break;
      return number * factor;
    }
    throw wrong(std::string(key) + ": expected " + expected + ", found " + quoted(written) +
                (digits > 0 && digits < written.size() ? ", or it is out of bounds" : ""));
  }

  bool has_any(const std::string &prefix) const {
    for (size_t i = 0; i < args_->option_count; i++) {
      if (std::strncmp(args_->options[i].key, (prefix + ".").c_str(), prefix.size() + 1) == 0) return true;
    }
    return false;
  }

  // Keys below `prefix`, by their next word.
  void refuse_unknown(const std::string &prefix, const std::vector<std::string> &known) const {
    for (size_t i = 0; i < args_->option_count; i++) {
      const std::string key = args_->options[i].key, start = prefix.empty() ? "" : prefix + ".";
      if (key.compare(0, start.size(), start) != 0) continue;
      const std::string rest = key.substr(start.size());
      const std::string word = rest.substr(0, rest.find('.'));
      if (std::find(known.begin(), known.end(), word) != known.end()) continue;
      std::string listed;
      for (const std::string &name : known) listed += (listed.empty() ? "" : ", ") + name;
      throw wrong(start + word.substr(0, 64) + ": unknown setting; there are " + listed);
    }
  }

  const sluice_load_args *const args_;
};

Server server_of(const std::string &url, size_t index) {
  const std::string place = "servers." + std::to_string(index) + ": ";
  const auto is_printable = [](char c) { return c > 0x20 && c < 0x7F; };
  Server server;
  server.is_secure = url.compare(0, 8, "https://") == 0;
  const size_t start = server.is_secure ? 8 : 7;
  if (!server.is_secure && url.compare(0, 7, "http://") != 0) {
    throw wrong(place + "expected a URL such as http://10.0.0.5:8000");
  }
  server.name = url.substr(start, url.find('/', start) - start);
  // What is before an @ may be a secret, so nothing of the URL is repeated.
  if (url.find('@') != std::string::npos) throw wrong(place + "a URL with a user or password ends up in logs; use config.key");
  const bool is_plain = std::all_of(url.begin(), url.end(), is_printable) && url.find_first_of("?#\\\"<>^`{|}") == std::string::npos;
  if (!is_plain || server.name.empty() || url.size() > 2048) {
    throw wrong(place + quoted(url) + " is no URL of a server: a host, a port and perhaps a path");
  }
  server.url = url;
  while (server.url.back() == '/') server.url.pop_back();
  return server;
}

// What a model is called where it lives, as a part of a path or of a JSON document.
std::string name_of(const char *key, const std::string &text) {
  if (text.empty() || text.size() > 1024) throw wrong(std::string(key) + " must be 1 to 1024 characters");
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) throw wrong(std::string(key) + " has control characters");
  }
  return text;
}

// The secret itself is in no message.
std::string key_line_of(const Reader &reader) {
  const char *given = reader.text("key");
  const std::string header = reader.text("key_header", "authorization");
  const bool is_token = !header.empty() && header.size() <= 128 && std::all_of(header.begin(), header.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
  if (!is_token) throw wrong("key_header: expected the name of a header field, such as x-api-key");
  if (given == nullptr) {
    if (reader.text("key_header") != nullptr) throw wrong("key_header: there is no config.key for it");
    return "";
  }
  std::string key = given;
  if (key.compare(0, 5, "file:") == 0) {
    const std::string path = reader.absolute(key.substr(5));
    std::ifstream file(path, std::ios::binary);
    key.assign(longest_key + 1, '\0');
    file.read(key.data(), static_cast<std::streamsize>(key.size()));
    if (file.gcount() <= 0) throw wrong("key: there is no file " + quoted(path) + " with a key that can be read");
    key.resize(static_cast<size_t>(file.gcount()));
    while (!key.empty() && (key.back() == '\n' || key.back() == '\r')) key.pop_back();
  }
  const bool is_plain = std::all_of(key.begin(), key.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  if (key.empty() || key.size() > longest_key || !is_plain) {
    throw wrong("key: it is empty, too long, or has characters that can't be in a header field");
  }
  const bool is_bearer = reader.text("key_header") == nullptr || strcasecmp(header.c_str(), "authorization") == 0;
  return header + (is_bearer ? ": Bearer " : ": ") + key;
}

void check_openai(const Reader &reader, Settings &settings) {
  static constexpr const char *tensors_only[] = {"tensors", "sequences", "batched", "version"};
  for (const char *key : tensors_only) {
    if (reader.text(key) != nullptr) throw wrong(std::string(key) + " is not for protocol openai");
  }
  if (!settings.inputs.empty() || !settings.outputs.empty()) {
    throw wrong("inputs and outputs are not for protocol openai: they follow from config.task");
  }
  const bool embeds = settings.task == Task::embeddings;
  if (embeds && settings.answers_in_parts && reader.text("stream") != nullptr) {
    throw wrong("stream: embeddings don't come in parts");
  }
  if (embeds) settings.answers_in_parts = false;
  if (!embeds && reader.text("dimensions") != nullptr) throw wrong("dimensions is for task embeddings alone");
}

}  // namespace

Settings settings_of(const sluice_load_args *args) {
  const Reader reader(args);
  Settings settings;
  settings.protocol = static_cast<Protocol>(reader.choice("protocol", {"open-inference", "grpc", "openai"}));
  settings.task = static_cast<Task>(reader.choice("task", {"chat", "completions", "embeddings"}));
  settings.tensors = static_cast<Encoding>(reader.choice("tensors", {"auto", "binary", "json"}));
  const std::vector<std::string> urls = reader.list("servers");
  if (urls.empty()) throw wrong("servers is missing: it names where the model lives, as [\"http://10.0.0.5:8000\"]");
  if (urls.size() > most_servers) throw wrong("servers has more than " + std::to_string(most_servers) + " entries");
  for (const std::string &url : urls) {
    settings.servers.push_back(server_of(url, settings.servers.size()));
    for (size_t i = 0; i + 1 < settings.servers.size(); i++) {
      if (settings.servers[i].url == settings.servers.back().url) throw wrong("servers: " + quoted(url) + " is there twice");
    }
  }
  settings.model = name_of("model", reader.text("model", args->model == nullptr ? "" : args->model));
  if (reader.text("version") != nullptr) settings.version = name_of("version", reader.text("version", ""));
  settings.key_line = key_line_of(reader);
  if (const char *ca = reader.text("ca")) {
    settings.ca = reader.absolute(ca);
    if (!std::ifstream(settings.ca)) throw wrong("ca: there is no file " + quoted(settings.ca) + " that can be read");
    const bool is_used = std::any_of(settings.servers.begin(), settings.servers.end(),
                                     [](const Server &server) { return server.is_secure; });
    if (!is_used) throw wrong("ca: no server is asked by https");
  }
  settings.timeout = reader.duration("timeout", 30 * second, millisecond, 86'400 * second);
  settings.connect_timeout = reader.duration("connect_timeout", second, millisecond, 600 * second);
  settings.idle = reader.duration("idle", 60 * second, second, 86'400 * second);
  settings.connections = static_cast<size_t>(reader.integer("connections", 64, 1, 65'536));
  settings.max_answer = reader.size("max_answer", 64 << 20, 1024, uint64_t{4} << 30);
  if (const char *health = reader.text("health")) {
    if (std::strcmp(health, "false") != 0) throw wrong("health: expected false or { path: …, every: 5s }");
    settings.checks_health = false;
  }
  settings.health_path = reader.text("health.path", "");
  if (!settings.health_path.empty()) {
    const bool is_path = settings.health_path[0] == '/' && settings.health_path.size() <= 2048 &&
                         std::all_of(settings.health_path.begin(), settings.health_path.end(),
                                     [](char c) { return c > 0x20 && c < 0x7F; });
    if (!is_path) throw wrong("health.path: expected a path such as /healthz");
  }
  settings.health_every = reader.duration("health.every", 5 * second, 100 * millisecond, 3600 * second);
  // OpenAI's dialect has no such question that every server knows.
  if (settings.protocol == Protocol::openai && settings.health_path.empty()) settings.checks_health = false;
  settings.eject_after = static_cast<uint32_t>(reader.integer("eject.after", 3, 1, 1000));
  settings.eject_for = reader.duration("eject.for", second, 10 * millisecond, 3600 * second);
  settings.eject_most = reader.duration("eject.most", std::max(30 * second, settings.eject_for), settings.eject_for, 86'400 * second);
  settings.retries = reader.flag("retry", true);
  settings.answers_in_parts = reader.flag("stream", settings.protocol == Protocol::openai);
  settings.streams = static_cast<size_t>(reader.integer("streams", 32, 1, 1024));
  settings.keeps_sequences = reader.flag("sequences", false);
  settings.is_deterministic = reader.flag("deterministic", false);
  settings.takes_rows = reader.flag("batched", false);
  settings.dimensions = reader.integer("dimensions", -1, 1, 1 << 20);
  settings.inputs = reader.ports("inputs");
  settings.outputs = reader.ports("outputs");
  if (settings.protocol == Protocol::openai) {
    check_openai(reader, settings);
  } else {
    for (const char *key : {"task", "dimensions"}) {
      if (reader.text(key) != nullptr) throw wrong(std::string(key) + " is for protocol openai alone");
    }
  }
  if (settings.protocol == Protocol::grpc && !settings.health_path.empty()) {
    throw wrong("health.path is not for protocol grpc: it asks whether the model is ready");
  }
  if (settings.protocol == Protocol::grpc && reader.text("tensors") != nullptr) {
    throw wrong("tensors is not for protocol grpc: it always has them as they are");
  }
  if (settings.answers_in_parts && settings.takes_rows) throw wrong("batched: answers in parts can't be joined");
  if (settings.answers_in_parts && settings.is_deterministic) throw wrong("deterministic: answers in parts aren't kept");
  return settings;
}

}  // namespace remote
