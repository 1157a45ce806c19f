// settings.h - what a model's `config:` block says of its remote.
#ifndef SLUICE_REMOTE_SETTINGS_H
#define SLUICE_REMOTE_SETTINGS_H
#include <string>
#include <vector>

#include "ports.h"

namespace remote {

using sluice::Failure;
using sluice::Port;

enum class Protocol { open_inference, grpc, openai };
enum class Task { chat, completions, embeddings };
enum class Encoding { automatic, binary, json };

// One replica.
struct Server {
  std::string url;   // without a slash at its end
  std::string name;  // host and port, for the log: callers needn't know where a model lives
  bool is_secure = false;
};

struct Settings {
  Protocol protocol = Protocol::open_inference;
  Task task = Task::chat;
  Encoding tensors = Encoding::automatic;
  std::vector<Server> servers;
  std::string model, version;
  std::string key_line;  // the header line that carries the key; "" without one
  std::string ca;        // a file; "" for the system's
  uint64_t timeout = 0, connect_timeout = 0, idle = 0, health_every = 0;  // nanoseconds
  std::string health_path;                                               // "" for the protocol's own
  uint64_t eject_for = 0, eject_most = 0;
  uint32_t eject_after = 0;
  size_t connections = 0, streams = 0, max_answer = 0;
  int64_t dimensions = -1;
  bool checks_health = true, retries = true, answers_in_parts = false, keeps_sequences = false;
  bool is_deterministic = false, takes_rows = false;
  std::vector<Port> inputs, outputs;
};

// Throws a Failure that names the setting at fault, and never what a key is.
Settings settings_of(const sluice_load_args *args);

}  // namespace remote

#endif
