// sound.h - decoded sound, and the windows that models take of it.
#ifndef SLUICE_MEDIA_SOUND_H
#define SLUICE_MEDIA_SOUND_H
#include <vector>

#include "container.h"
#include "settings.h"

namespace sluice_media {

struct Sound {
  int channels = 1;
  // From -1 to 1; the channels of a moment side by side.
  std::vector<float> samples;

  int64_t count() const { return static_cast<int64_t>(samples.size()) / channels; }
};

// Mixed and resampled as the settings say.
Sound decode_sound(Bytes body, Format format, const AudioSettings &settings, const Patience &patience);

// How many windows there are of so many samples.
int64_t window_count(const AudioSettings &settings, int64_t samples);

// Writes the windows, or all of it, into a tensor of the settings' data type.
void write_sound(const Sound &sound, const AudioSettings &settings, void *data);

}  // namespace sluice_media
#endif
