// film.h - the pictures that are taken of a film.
#ifndef SLUICE_MEDIA_FILM_H
#define SLUICE_MEDIA_FILM_H
#include "container.h"
#include "picture.h"

namespace sluice_media {

struct Film {
  // Fitted as the settings say, in the order of the film.
  std::vector<Picture> pictures;
  // Of the film's own pictures that were taken.
  int64_t pixels = 0;
};

Film decode_film(Bytes body, Format format, const Settings &settings, const Patience &patience);

}  // namespace sluice_media
#endif
