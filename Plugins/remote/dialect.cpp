#include "dialect.h"

namespace remote {

std::unique_ptr<Dialect> dialect_of(const Settings &settings) {
  switch (settings.protocol) {
    case Protocol::grpc: return grpc_dialect(settings);
    case Protocol::openai: return openai_dialect(settings);
    default: return open_inference_dialect(settings);
  }
}

void Dialect::name_ports() {
  const auto merge = [](std::vector<Port> &found, const std::vector<Port> &named) {
    for (const Port &port : named) {
      bool is_known = false;
      for (Port &known : found) {
        if (known.name != port.name) continue;
        known = port;
        is_known = true;
      }
      if (!is_known) found.push_back(port);
    }
  };
  merge(inputs, settings_.inputs);
  merge(outputs, settings_.outputs);
}

void Dialect::add_trace(const sluice_request *request, std::vector<std::string> &headers) const {
  const std::string trace = param_text(request, "traceparent", "");
  const bool is_plain = !trace.empty() && trace.size() <= 256 &&
                        trace.find_first_not_of("0123456789abcdefABCDEF-") == std::string::npos;
  if (is_plain) headers.push_back("traceparent: " + trace);
  const std::string id = request->id == nullptr ? "" : request->id;
  bool is_token = !id.empty() && id.size() <= 128;
  for (const char c : id) is_token = is_token && c > 0x20 && c < 0x7F;
  if (is_token) headers.push_back("x-request-id: " + id);
}

const Port *Dialect::output_named(std::string_view name, size_t *index) const {
  for (size_t i = 0; i < outputs.size(); i++) {
    if (outputs[i].name != name) continue;
    if (index != nullptr) *index = i;
    return &outputs[i];
  }
  return nullptr;
}

bool Arrivals::comes(size_t index) {
  if (there_[index]) throw lie("answers output \"" + outputs_[index].name.substr(0, 64) + "\" twice");
  there_[index] = true;
  return output_is_wanted(request_, outputs_[index].name.c_str()) != 0;
}

void Arrivals::check_all() const {
  for (size_t i = 0; i < outputs_.size(); i++) {
    if (!there_[i] && output_is_wanted(request_, outputs_[i].name.c_str())) {
      throw lie("does not answer output \"" + outputs_[i].name.substr(0, 64) + "\"");
    }
  }
}

sluice_status send(sluice::Answer &answer, uint32_t flags, const Facts &facts) {
  std::vector<sluice_kv> params;
  for (const auto &[key, value] : facts) params.push_back({key.c_str(), value.c_str()});
  return answer.send(flags, params);
}

bool is_event_stream(const Exchange &exchange) {
  return exchange.status == 200 && exchange.content_type.compare(0, 17, "text/event-stream") == 0;
}

std::string readable(std::string_view text) {
  std::string line(text.substr(0, 300));
  while (!line.empty() && !is_utf8(line) && text.size() > 300 && line.size() > 296) line.pop_back();
  if (!is_utf8(line)) return "";
  for (char &c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return line;
}

std::string escaped(const std::string &name) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string path;
  for (const char c : name) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                          std::strchr("-_.~/", c) != nullptr;
    if (is_plain && c != '\0') {
      path += c;
    } else {
      path += {'%', digits[static_cast<unsigned char>(c) >> 4], digits[c & 15]};
    }
  }
  return path;
}

// What the caller has done wrong is told as such; what is between the gateway and the remote is nothing that the caller
// could mend, and another model may do better.
Failure failure_of(long status, const std::string &said) {
  const std::string more = said.empty() ? "" : ": " + said;
  switch (status) {
    case 401:
    case 403: return {SLUICE_INTERNAL, "the remote refuses this gateway's key"};
    case 404:
    case 405: return {SLUICE_UNAVAILABLE, "the remote doesn't have the model" + more};
    case 408:
    case 502:
    case 503:
    case 504: return {SLUICE_UNAVAILABLE, "the remote is unavailable" + more};
    case 429: return {SLUICE_RESOURCE_EXHAUSTED, "the remote has too much to do" + more};
    case 501: return {SLUICE_UNIMPLEMENTED, "the remote can't do this" + more};
    default: break;
  }
  if (status >= 400 && status < 500) return {SLUICE_INVALID_ARGUMENT, "the remote refuses the request" + more};
  if (status >= 500 && status < 600) return {SLUICE_INTERNAL, "the remote failed" + more};
  return lie("answers with status " + std::to_string(status));
}

}  // namespace remote
