// encode.h - a model's numbers as a picture or a sound that everybody can open.
#ifndef SLUICE_MEDIA_ENCODE_H
#define SLUICE_MEDIA_ENCODE_H
#include <cstdint>
#include <vector>

#include "container.h"
#include "settings.h"

namespace sluice_media {

// The tensor as a PNG or a JPEG. Its size is looked at before anything else is done.
std::vector<uint8_t> encode_picture(const sluice_tensor &tensor, const WrittenImage &settings, Format format,
                                    const Patience &patience);

// The tensor as a WAV of 16 bits.
std::vector<uint8_t> encode_wav(const sluice_tensor &tensor, const WrittenAudio &settings);

}  // namespace sluice_media
#endif
