#include "settings.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "options.h"
#include "refusal.h"

namespace sluice_media {
namespace {

constexpr int64_t largest_side = 32768;

// The `config:` block of one kind of body, e.g. "image.".
class Reader {
 public:
  Reader(const sluice_load_args *args, std::string prefix) : args_(args), prefix_(std::move(prefix)) {}

  const char *text(const char *key) const { return option_text(args_, (prefix_ + key).c_str(), nullptr); }

  void whole(const char *key, int64_t least, int64_t most, int64_t &value) const {
    sluice_error error = {};
    if (option_integer(args_, (prefix_ + key).c_str(), least, most, &value, &error) != SLUICE_OK) {
      refuse("%s", error.message);
    }
  }

  void whole(const char *key, int64_t least, int64_t most, int &value) const {
    int64_t wide = value;
    whole(key, least, most, wide);
    value = static_cast<int>(wide);
  }

  void truth(const char *key, bool &value) const {
    sluice_error error = {};
    int read = value;
    if (option_boolean(args_, (prefix_ + key).c_str(), &read, &error) != SLUICE_OK) refuse("%s", error.message);
    value = read != 0;
  }

  template <class Choice> void choice(const char *key, const char *const *words, Choice &value) const {
    sluice_error error = {};
    int read = static_cast<int>(value);
    if (option_choice(args_, (prefix_ + key).c_str(), words, &read, &error) != SLUICE_OK) refuse("%s", error.message);
    value = static_cast<Choice>(read);
  }

  // 0.5 or 1/255.
  void number(const char *key, double least, double most, double &value) const {
    if (const char *given = text(key)) value = parse(given, key, least, most);
  }

  // One for every colour, or one for all of them. How many there were.
  int numbers(const char *key, double least, double most, double (&values)[3]) const {
    if (text(key) != nullptr) {
      double all = 0;
      number(key, least, most, all);
      values[0] = values[1] = values[2] = all;
      return 1;
    }
    int count = 0;
    while (count < 4) {
      const std::string indexed = std::string(key) + "." + std::to_string(count);
      const char *given = text(indexed.c_str());
      if (given == nullptr) break;
      if (count == 3) refuse("config.%s%s: there are at most 3 colours", prefix_.c_str(), key);
      values[count++] = parse(given, key, least, most);
    }
    return count;
  }

  // 224x224; or, where `one` is allowed, 224 alone.
  void sides(const char *key, bool one, int &width, int &height) const {
    const char *given = text(key);
    if (given == nullptr) return;
    char *end = nullptr;
    const long first = std::strtol(given, &end, 10);
    long second = 0;
    bool is_right = end != given;
    if (is_right && *end == 'x') {
      const char *rest = end + 1;
      second = std::strtol(rest, &end, 10);
      is_right = end != rest && *end == '\0' && second >= 1;
    } else {
      is_right = is_right && one && *end == '\0';
    }
    if (!is_right || first < 1 || first > largest_side || second > largest_side) {
      refuse("config.%s%s: expected WIDTHxHEIGHT such as 224x224%s, found \"%.64s\"", prefix_.c_str(), key,
             one ? ", or one number for the shorter side" : "", given);
    }
    width = static_cast<int>(first);
    height = static_cast<int>(second);
  }

  void only(const char *const *known) const {
    for (size_t i = 0; i < args_->option_count; i++) {
      const char *key = args_->options[i].key;
      if (std::strncmp(key, prefix_.c_str(), prefix_.size()) != 0) continue;
      const char *own = key + prefix_.size();
      const size_t length = std::strcspn(own, ".");
      std::string listed;
      bool found = false;
      for (int k = 0; known[k] != nullptr && !found; k++) {
        found = std::strlen(known[k]) == length && std::strncmp(known[k], own, length) == 0;
        listed += (k == 0 ? "" : ", ") + std::string(known[k]);
      }
      if (!found) refuse("config.%.64s: unknown setting; there are %s", key, listed.c_str());
    }
  }

 private:
  const sluice_load_args *args_;
  std::string prefix_;

  double parse(const char *given, const char *key, double least, double most) const {
    char *end = nullptr;
    double value = std::strtod(given, &end);
    bool is_right = end != given;
    if (is_right && *end == '/') {
      const char *rest = end + 1;
      value /= std::strtod(rest, &end);
      is_right = end != rest;
    }
    if (!is_right || *end != '\0' || !std::isfinite(value) || value < least || value > most) {
      refuse("config.%s%s: expected a number from %g to %g, found \"%.64s\"", prefix_.c_str(), key, least, most, given);
    }
    return value;
  }
};

std::string layout_of(const Reader &reader, const char *const *layouts, const std::string &start) {
  int chosen = 0;
  for (int i = 0; layouts[i] != nullptr; i++) {
    if (start == layouts[i]) chosen = i;
  }
  reader.choice("layout", layouts, chosen);
  return layouts[chosen];
}

const char *const datatypes[] = {"FP32", "UINT8", nullptr};
const char *const sound_datatypes[] = {"FP32", "INT16", nullptr};

void read_image(const sluice_load_args *args, ImageSettings &image) {
  static const char *const known[] = {"resize", "longest", "size",     "multiple", "fit",        "filter",
                                      "colour", "layout",  "datatype", "scale",    "mean",       "std",
                                      "fill",   "max_pixels", nullptr};
  static const char *const fits[] = {"stretch", "crop", "letterbox", nullptr};
  static const char *const filters[] = {"nearest", "box", "bilinear", "hamming", "bicubic", "lanczos", nullptr};
  static const char *const colours[] = {"rgb", "bgr", "gray", nullptr};
  static const char *const layouts[] = {"NCHW", "NHWC",  "NHW",   "CHW",   "HWC", "HW",
                                        "NTCHW", "NTHWC", "NCTHW", nullptr};
  const Reader reader(args, "image.");
  reader.only(known);
  reader.sides("resize", true, image.resize_width, image.resize_height);
  reader.sides("size", false, image.width, image.height);
  reader.whole("longest", 1, largest_side, image.longest);
  reader.whole("multiple", 1, 1024, image.multiple);
  reader.choice("fit", fits, image.fit);
  reader.choice("filter", filters, image.filter);
  reader.choice("colour", colours, image.colour);
  image.layout = layout_of(reader, layouts, image.layout);
  int datatype = 0;
  reader.choice("datatype", datatypes, datatype);
  image.is_float = datatype == 0;
  reader.number("scale", -1e6, 1e6, image.scale);
  const int means = reader.numbers("mean", -1e6, 1e6, image.mean);
  const int stds = reader.numbers("std", 1e-9, 1e6, image.std);
  double fill[3] = {0, 0, 0};
  const int fills = reader.numbers("fill", 0, 255, fill);
  for (int i = 0; i < 3; i++) image.fill[i] = static_cast<int>(std::lround(fill[i]));
  reader.whole("max_pixels", 1, int64_t{1} << 30, image.max_pixels);

  const int colour_count = image.channels();
  for (const int count : {means, stds, fills}) {
    if (count > 1 && count != colour_count) {
      refuse("config.image: mean, std and fill have one number, or %d: one for each colour", colour_count);
    }
  }
  const bool changes = image.scale != 1 || means > 0 || stds > 0;
  if (!image.is_float && changes) refuse("config.image: scale, mean and std are for datatype FP32");
  const bool has_colours = image.layout.find('C') != std::string::npos;
  if (!has_colours && image.colour != Colour::Gray) {
    refuse("config.image.layout: %s has no axis for colours, so colour must be gray", image.layout.c_str());
  }
  if (image.width > 0 && image.multiple > 1) refuse("config.image.multiple: the size is given, so nothing is rounded");
  if (image.width == 0 && image.fit != Fit::Stretch) {
    refuse("config.image.fit: there is no size to fit the picture into");
  }
  if (image.longest > 0 && image.resize_width > 0) refuse("config.image: give resize or longest, not both");
}

void read_video(const sluice_load_args *args, VideoSettings &video, const ImageSettings &image) {
  static const char *const known[] = {"every", "fps", "frames", "clip", "max_frames", "max_seconds", nullptr};
  const Reader reader(args, "video.");
  reader.only(known);
  reader.whole("every", 1, 1 << 20, video.every);
  reader.number("fps", 1e-3, 1000, video.fps);
  reader.whole("frames", 1, 65536, video.frames);
  reader.whole("clip", 1, 65536, video.clip);
  reader.whole("max_frames", 1, 65536, video.max_frames);
  reader.number("max_seconds", 0.001, 86400, video.max_seconds);
  const int ways = (video.every > 0) + (video.fps > 0) + (video.frames > 0);
  if (ways > 1) refuse("config.video: give one of every, fps and frames");
  if (ways == 0) video.every = 1;
  if (video.frames > video.max_frames) refuse("config.video.frames: more than max_frames");
  const bool has_clips = image.layout.find('T') != std::string::npos;
  if (has_clips && video.clip == 0) {
    if (video.frames == 0) refuse("config.video.clip is missing: layout %s is of clips", image.layout.c_str());
    video.clip = video.frames;
  }
  if (!has_clips && video.clip > 0) {
    refuse("config.video.clip: layout %s has no axis T for the pictures of a clip", image.layout.c_str());
  }
}

void read_audio(const sluice_load_args *args, AudioSettings &audio) {
  static const char *const known[] = {"rate",     "channels", "layout", "window",      "hop",  "pad_start",
                                      "pad_end",  "datatype", "scale",  "max_seconds", nullptr};
  static const char *const channels[] = {"mono", "stereo", nullptr};
  static const char *const layouts[] = {"NS", "NSC", "NCS", "S", "SC", "CS", nullptr};
  const Reader reader(args, "audio.");
  reader.only(known);
  reader.whole("rate", 1000, 192000, audio.rate);
  int chosen = 0;
  reader.choice("channels", channels, chosen);
  audio.channels = chosen + 1;
  audio.layout = layout_of(reader, layouts, audio.channels == 1 ? "NS" : "NCS");
  reader.whole("window", 1, int64_t{1} << 30, audio.window);
  audio.hop = audio.window;
  reader.whole("hop", 1, int64_t{1} << 30, audio.hop);
  reader.whole("pad_start", 0, int64_t{1} << 24, audio.pad_start);
  reader.truth("pad_end", audio.pad_end);
  int datatype = 0;
  reader.choice("datatype", sound_datatypes, datatype);
  audio.is_float = datatype == 0;
  reader.number("scale", -1e6, 1e6, audio.scale);
  reader.number("max_seconds", 0.001, 86400, audio.max_seconds);
  if (audio.window == 0 && audio.hop > 0) refuse("config.audio.hop: there is no window");
  if (audio.channels == 2 && audio.layout.find('C') == std::string::npos) {
    refuse("config.audio.layout: %s has no axis for channels, so channels must be mono", audio.layout.c_str());
  }
  if (audio.window > 0 && audio.layout[0] != 'N') {
    refuse("config.audio.layout: %s has no axis N for windows", audio.layout.c_str());
  }
}

void read_written_image(const sluice_load_args *args, WrittenImage &image) {
  static const char *const known[] = {"colour", "layout", "datatype", "scale", "quality", "max_pixels", nullptr};
  static const char *const colours[] = {"rgb", "bgr", "gray", nullptr};
  static const char *const layouts[] = {"NCHW", "NHWC", "NHW", "CHW", "HWC", "HW", nullptr};
  const Reader reader(args, "image.");
  reader.only(known);
  reader.choice("colour", colours, image.colour);
  image.layout = layout_of(reader, layouts, image.layout);
  int datatype = 0;
  reader.choice("datatype", datatypes, datatype);
  image.is_float = datatype == 0;
  if (!image.is_float) image.scale = 1;
  reader.number("scale", -1e6, 1e6, image.scale);
  reader.whole("quality", 1, 100, image.quality);
  reader.whole("max_pixels", 1, int64_t{1} << 30, image.max_pixels);
  if (image.layout.find('C') == std::string::npos && image.colour != Colour::Gray) {
    refuse("config.image.layout: %s has no axis for colours, so colour must be gray", image.layout.c_str());
  }
}

void read_written_audio(const sluice_load_args *args, WrittenAudio &audio) {
  static const char *const known[] = {"rate", "channels", "layout", "datatype", "scale", "max_seconds", nullptr};
  static const char *const channels[] = {"mono", "stereo", nullptr};
  static const char *const layouts[] = {"NS", "NSC", "NCS", "S", "SC", "CS", nullptr};
  const Reader reader(args, "audio.");
  reader.only(known);
  reader.whole("rate", 1000, 192000, audio.rate);
  int chosen = 0;
  reader.choice("channels", channels, chosen);
  audio.channels = chosen + 1;
  audio.layout = layout_of(reader, layouts, audio.channels == 1 ? "NS" : "NCS");
  int datatype = 0;
  reader.choice("datatype", sound_datatypes, datatype);
  audio.is_float = datatype == 0;
  reader.number("scale", -1e6, 1e6, audio.scale);
  reader.number("max_seconds", 0.001, 86400, audio.max_seconds);
  if (audio.channels == 2 && audio.layout.find('C') == std::string::npos) {
    refuse("config.audio.layout: %s has no axis for channels, so channels must be mono", audio.layout.c_str());
  }
}

bool has_any(const sluice_load_args *args, const char *prefix) {
  for (size_t i = 0; i < args->option_count; i++) {
    if (std::strncmp(args->options[i].key, prefix, std::strlen(prefix)) == 0) return true;
  }
  // A block without any scalar is known from the JSON alone, by its key.
  const std::string word = "\"" + std::string(prefix, std::strlen(prefix) - 1) + "\"";
  const char *found = args->config_json == nullptr ? nullptr : std::strstr(args->config_json, word.c_str());
  return found != nullptr && found[word.size() + std::strspn(found + word.size(), " \t\r\n")] == ':';
}

}  // namespace

Settings read_settings(const sluice_load_args *args) {
  static const char *const known[] = {"input", "output", "image", "video", "audio", "max_bytes", nullptr};
  sluice_error error = {};
  if (options_refuse_unknown(args, known, &error) != SLUICE_OK) refuse("%s", error.message);
  Settings settings;
  settings.input = option_text(args, "input", "input");
  if (settings.input.empty() || settings.input.size() > 127) refuse("config.input: a name has 1 to 127 bytes");
  settings.has_audio = has_any(args, "audio.");
  if (const char *output = option_text(args, "output", nullptr)) {
    settings.output = output;
    settings.has_image = has_any(args, "image.") || !settings.has_audio;
    if (settings.output.empty() || settings.output.size() > 127) refuse("config.output: a name has 1 to 127 bytes");
    if (option_text(args, "input", nullptr) != nullptr || has_any(args, "video.")) {
      refuse("config: an output becomes a picture or a sound: leave out input and video");
    }
    if (settings.has_audio && settings.has_image) {
      refuse("config: an output is a picture or a sound, not both: leave out audio or image");
    }
    if (settings.has_image) read_written_image(args, settings.written_image);
    if (settings.has_audio) read_written_audio(args, settings.written_audio);
    return settings;
  }
  settings.has_video = has_any(args, "video.");
  settings.has_image = has_any(args, "image.") || settings.has_video || !settings.has_audio;
  if (settings.has_audio && settings.has_image) {
    refuse("config: one input is made of pictures or of sound, not of both: leave out audio or image");
  }
  if (settings.has_image) read_image(args, settings.image);
  if (settings.has_video) read_video(args, settings.video, settings.image);
  if (settings.has_audio) read_audio(args, settings.audio);
  if (settings.has_image && !settings.has_video && settings.image.layout.find('T') != std::string::npos) {
    refuse("config.image.layout: %s is of clips, but there is no video", settings.image.layout.c_str());
  }
  const Reader reader(args, "");
  reader.whole("max_bytes", 1, int64_t{1} << 40, settings.max_bytes);
  return settings;
}

}  // namespace sluice_media
