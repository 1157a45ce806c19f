// settings.h - what one load of the plugin makes of its bodies: the `config:` block, read and checked.
#ifndef SLUICE_MEDIA_SETTINGS_H
#define SLUICE_MEDIA_SETTINGS_H
#include <cstdint>
#include <string>

#include "sluice_plugin.h"

namespace sluice_media {

enum class Fit { Stretch, Crop, Letterbox };
enum class Filter { Nearest, Box, Bilinear, Hamming, Bicubic, Lanczos };
enum class Colour { RGB, BGR, Gray };

// From a decoded picture to numbers.
struct ImageSettings {
  // Before everything else: the shorter side (height is 0), or both sides.
  int resize_width = 0, resize_height = 0;
  // The longer side is brought down to this; 0 leaves it.
  int longest = 0;
  // The picture that the model gets; 0 is the picture's own.
  int width = 0, height = 0;
  // Sides are rounded to multiples of this, where they are the picture's own.
  int multiple = 1;
  Fit fit = Fit::Stretch;
  Filter filter = Filter::Bilinear;
  Colour colour = Colour::RGB;
  // The axes in their order: N pictures, T frames of a clip, C colours, H, W.
  std::string layout = "NCHW";
  bool is_float = true;
  // number = (value * scale - mean) / std
  double scale = 1;
  double mean[3] = {0, 0, 0};
  double std[3] = {1, 1, 1};
  // What is around a letterboxed picture, in the order of `colour`.
  int fill[3] = {0, 0, 0};
  int64_t max_pixels = 40'000'000;

  int channels() const { return colour == Colour::Gray ? 1 : 3; }
};

// Which pictures of a film are taken: one of the three is set.
struct VideoSettings {
  int64_t every = 0;
  double fps = 0;
  int64_t frames = 0;
  // Pictures of a clip, where the layout has T; the last clip repeats its last picture.
  int64_t clip = 0;
  int64_t max_frames = 256;
  double max_seconds = 600;
};

struct AudioSettings {
  int rate = 16000;
  int channels = 1;
  // N windows, S samples, C channels.
  std::string layout = "NS";
  // Samples of a window, and from one to the next; 0 is one window of everything.
  int64_t window = 0, hop = 0;
  // Silence before the first sample.
  int64_t pad_start = 0;
  // Whether the last window is filled up with silence, or left out where it isn't full.
  bool pad_end = true;
  bool is_float = true;
  double scale = 1;
  double max_seconds = 600;
};

// From a model's numbers to a picture.
struct WrittenImage {
  Colour colour = Colour::RGB;
  // N (of which there is one), C, H, W.
  std::string layout = "NCHW";
  bool is_float = true;
  // level = number * scale, from 0 to 255
  double scale = 255;
  // Of a JPEG, from 1 to 100.
  int quality = 90;
  int64_t max_pixels = 40'000'000;

  int channels() const { return colour == Colour::Gray ? 1 : 3; }
};

// From a model's numbers to sound.
struct WrittenAudio {
  int rate = 16000;
  int channels = 1;
  std::string layout = "NS";
  bool is_float = true;
  double scale = 1;
  double max_seconds = 600;
};

struct Settings {
  std::string input = "input";
  // The tensor that becomes a body; empty where bodies become tensors.
  std::string output;
  WrittenImage written_image;
  WrittenAudio written_audio;
  bool has_image = false, has_video = false, has_audio = false;
  ImageSettings image;
  VideoSettings video;
  AudioSettings audio;
  // Of the tensor that comes out.
  int64_t max_bytes = 256 << 20;
};

// Throws a Refusal that names the key.
Settings read_settings(const sluice_load_args *args);

}  // namespace sluice_media
#endif
