#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "check.h"
#include "host.h"

/* Written by media/tests/samples.c, which says what is in them. */
static const struct {
  const char *file, *type;
} samples[] = {
    {"picture.png", "image/png"},   {"picture.jpg", "image/jpeg"}, {"picture.webp", "image/webp"},
    {"picture.gif", "image/gif"},   {"picture.bmp", "image/bmp"},  {"picture.tiff", "image/tiff"},
    {"sound.wav", "audio/wav"},     {"sound.flac", "audio/flac"},  {"sound.mp3", "audio/mpeg"},
    {"sound.ogg", "audio/ogg"},     {"sound.opus", "audio/ogg"},   {"sound.aac", "audio/aac"},
    {"sound.m4a", "audio/mp4"},     {"film.mp4", "video/mp4"},     {"film.webm", "video/webm"},
    {"film.mkv", "video/x-matroska"},
};
enum { SAMPLES = sizeof samples / sizeof samples[0] };

typedef struct {
  unsigned char *data;
  size_t size;
} file;

static file read_sample(const char *name) {
  char path[4096];
  snprintf(path, sizeof path, "%s-tests/media/%s", plugins_folder, name);
  FILE *stream = fopen(path, "rb");
  file read = {NULL, 0};
  if (stream == NULL) {
    fprintf(stderr, "there is no %s\n", path);
    failures++;
    return read;
  }
  read.data = malloc(1 << 20);
  read.size = fread(read.data, 1, 1 << 20, stream);
  fclose(stream);
  return read;
}

static test_model load_media(const char *const *options) {
  sluice_error error;
  test_model model = load_model(plugin_file("libsluice_media"), "/tmp", options, &error);
  if (model.model == NULL) {
    fprintf(stderr, "not loaded: %s\n", error.message);
    failures++;
  }
  return model;
}

/* What a model of these options makes of a body; what a refusal says, if it is one, in `error`. */
static test_request *decoded(test_model *model, const void *data, size_t size, const char *type, sluice_error *error) {
  test_request *request = new_request();
  decode(model, request, data, size, type, error);
  if (error->code == SLUICE_OK) CHECK(finals_of(request) == 1);
  return request;
}

static double mean_of(const test_tensor *tensor, int64_t from, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; i++) sum += ((const float *)tensor->data)[from + i];
  return sum / (double)count;
}

static int shape_is(const test_tensor *tensor, int32_t ndim, const int64_t *shape) {
  return tensor != NULL && tensor->ndim == ndim && memcmp(tensor->shape, shape, (size_t)ndim * 8) == 0;
}

static void every_picture_is_read(void) {
  test_model model = load_media((const char *const[]){"input", "pixels", "image.layout", "NHWC", NULL});
  for (size_t i = 0; i < 6; i++) {
    sluice_error error;
    file body = read_sample(samples[i].file);
    test_request *request = decoded(&model, body.data, body.size, samples[i].type, &error);
    const test_tensor *pixels = output_of(request, "pixels");
    CHECK(shape_is(pixels, 4, (const int64_t[]){1, 64, 96, 3}));
    if (pixels != NULL) {
      /* At the lower right red and green are full; a GIF's palette is coarse, and so is this WebP. */
      const float *last = (const float *)pixels->data + 64 * 96 * 3 - 3;
      const float slack = strcmp(samples[i].type, "image/gif") == 0 ? 90 : strcmp(samples[i].type, "image/webp") == 0 ? 24 : 8;
      CHECK(last[0] > 255 - slack && last[1] > 255 - slack && last[2] > 128 - slack && last[2] < 128 + slack);
      CHECK(((const float *)pixels->data)[0] < slack && ((const float *)pixels->data)[1] < slack);
    }
    CHECK_TEXT(answer_param(request, "pixels"), "6144");
    free_request(request);
    free(body.data);
  }
  unload_model(&model);
}

static void every_sound_is_read(void) {
  test_model model = load_media((const char *const[]){"audio.rate", "16000", NULL});
  for (size_t i = 6; i < 13; i++) {
    sluice_error error;
    file body = read_sample(samples[i].file);
    test_request *request = decoded(&model, body.data, body.size, samples[i].type, &error);
    const test_tensor *samples_of = output_of(request, "input");
    CHECK(samples_of != NULL && samples_of->ndim == 2 && samples_of->shape[0] == 1);
    if (samples_of != NULL) {
      CHECK(samples_of->shape[1] > 15900 && samples_of->shape[1] < 16500);
      double energy = 0;
      for (int64_t at = 4000; at < 12000; at++) {
        const float value = ((const float *)samples_of->data)[at];
        energy += value * value;
      }
      CHECK(energy / 8000 > 0.11 && energy / 8000 < 0.135); /* a sine of 0.5 has 0.125; LAME makes it less */
    }
    CHECK(answer_param(request, "audio_seconds") != NULL);
    free_request(request);
    free(body.data);
  }
  unload_model(&model);
}

static void films_are_sampled(void) {
  static const struct {
    const char *key, *value;
    int count;
    int first, second; /* levels of gray */
  } rows[] = {
      {"video.every", "10", 4, 16, 56},
      {"video.fps", "2", 8, 16, 36},
      {"video.frames", "5", 5, 32, 64},
  };
  for (size_t f = 13; f < SAMPLES; f++) {
    file body = read_sample(samples[f].file);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
      sluice_error error;
      test_model model = load_media((const char *const[]){rows[i].key, rows[i].value, "image.colour", "gray",
                                                          "image.size", "8x4", "image.layout", "NHW", NULL});
      test_request *request = decoded(&model, body.data, body.size, samples[f].type, &error);
      const test_tensor *pictures = output_of(request, "input");
      CHECK(shape_is(pictures, 3, (const int64_t[]){rows[i].count, 4, 8}));
      if (pictures != NULL) {
        const double first = mean_of(pictures, 0, 32), second = mean_of(pictures, 32, 32);
        CHECK(first > rows[i].first - 3 && first < rows[i].first + 3);
        CHECK(second > rows[i].second - 3 && second < rows[i].second + 3);
      }
      free_request(request);
      unload_model(&model);
    }
    free(body.data);
  }
}

static void clips_are_cut(void) {
  sluice_error error;
  file body = read_sample("film.mp4");
  test_model model = load_media((const char *const[]){"video.every", "4", "video.clip", "4", "image.size", "6x5",
                                                      "image.layout", "NCTHW", NULL});
  test_request *request = decoded(&model, body.data, body.size, "video/mp4", &error);
  const test_tensor *clips = output_of(request, "input");
  CHECK(shape_is(clips, 5, (const int64_t[]){3, 3, 4, 5, 6})); /* ten pictures, the last one twice more */
  if (clips != NULL) {
    const int64_t picture = 30, channel = 4 * picture, clip = 3 * channel;
    CHECK(mean_of(clips, clip + 2 * channel + 3 * picture, picture) > 16 + 4 * 28 - 3);
    const double ninth = mean_of(clips, 2 * clip + picture, picture);
    CHECK(mean_of(clips, 2 * clip + 3 * picture, picture) == ninth && ninth > 155);
  }
  free_request(request);
  unload_model(&model);
  free(body.data);
}

/* A BMP of two pixels: (10, 20, 30), then (200, 100, 50). */
static const unsigned char two_pixels[62] = {
    'B', 'M', 62, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 24, 0, 0,
    0,   0,   0,  8, 0, 0, 0, 0, 0, 0, 0,  0, 0, 0, 0,  0, 0, 0, 0, 0, 0, 0, 0, 30, 20, 10, 50, 100, 200, 0, 0,
};

static void numbers_are_arranged(void) {
  static const struct {
    const char *options[15];
    int count;
    float numbers[12];
  } rows[] = {
      {{"image.layout", "NCHW"}, 6, {10, 200, 20, 100, 30, 50}},
      {{"image.layout", "HWC", "image.colour", "bgr"}, 6, {30, 20, 10, 50, 100, 200}},
      {{"image.layout", "HW", "image.colour", "gray"}, 2, {18, 124}},
      {{"image.scale", "1/10", "image.mean", "1", "image.std", "0.5", "image.layout", "CHW"},
       6,
       {0, 38, 2, 18, 4, 8}},
      {{"image.mean.0", "10", "image.mean.1", "20", "image.mean.2", "30"}, 6, {0, 190, 0, 80, 0, 20}},
      {{"image.colour", "bgr", "image.mean.0", "30", "image.mean.1", "20", "image.mean.2", "10", "image.layout", "NHWC"},
       6,
       {0, 0, 0, 20, 80, 190}},
      {{"image.size", "2x2", "image.fit", "letterbox", "image.fill", "7", "image.layout", "NHWC"},
       12,
       {10, 20, 30, 200, 100, 50, 7, 7, 7, 7, 7, 7}},
      {{"image.size", "1x1", "image.fit", "crop"}, 3, {10, 20, 30}},
      {{"image.size", "4x1", "image.filter", "nearest", "image.colour", "gray", "image.layout", "NHW"},
       4,
       {18, 18, 124, 124}},
      {{"image.size", "1x1", "image.filter", "box"}, 3, {105, 60, 40}},
      {{"image.resize", "3x1", "image.size", "1x1", "image.fit", "crop", "image.filter", "nearest"}, 3, {200, 100, 50}},
      {{"image.multiple", "2", "image.filter", "nearest", "image.colour", "gray", "image.layout", "HW"},
       4,
       {18, 124, 18, 124}},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    sluice_error error;
    test_model model = load_media(rows[i].options);
    test_request *request = decoded(&model, two_pixels, sizeof two_pixels, "image/bmp", &error);
    const test_tensor *output = output_of(request, "input");
    CHECK(output != NULL && output->byte_size == (uint64_t)rows[i].count * 4);
    for (int n = 0; output != NULL && n < rows[i].count; n++) {
      const float difference = ((const float *)output->data)[n] - rows[i].numbers[n];
      if (difference > 1e-4f || difference < -1e-4f) {
        fprintf(stderr, "row %zu, number %d: %g, not %g\n", i, n, ((const float *)output->data)[n], rows[i].numbers[n]);
        failures++;
      }
    }
    free_request(request);
    unload_model(&model);
  }
  sluice_error error;
  test_model model = load_media((const char *const[]){"image.datatype", "UINT8", NULL});
  test_request *request = decoded(&model, two_pixels, sizeof two_pixels, "", &error);
  const test_tensor *output = output_of(request, "input");
  CHECK(output != NULL && output->dtype.code == SLUICE_UINT && output->byte_size == 6 && output->data[1] == 200);
  free_request(request);
  unload_model(&model);
}

/* A WAV of so many samples, 0, 1, 2 …, at 16 kHz. */
static size_t make_wav(unsigned char *to, uint32_t count) {
  const uint32_t size = count * 2, riff = size + 36, rate = 16000, bytes = 32000, format = 16, shape = 0x00010001,
                 width = 0x00100002;
  memcpy(to, "RIFF", 4), memcpy(to + 4, &riff, 4), memcpy(to + 8, "WAVEfmt ", 8), memcpy(to + 16, &format, 4);
  memcpy(to + 20, &shape, 4), memcpy(to + 24, &rate, 4), memcpy(to + 28, &bytes, 4), memcpy(to + 32, &width, 4);
  memcpy(to + 36, "data", 4), memcpy(to + 40, &size, 4);
  for (uint32_t i = 0; i < count; i++) {
    const int16_t sample = (int16_t)i;
    memcpy(to + 44 + i * 2, &sample, 2);
  }
  return 44 + size;
}

static void sound_is_cut_into_windows(void) {
  static const struct {
    const char *options[15];
    int64_t windows, length;
    int last; /* the first sample of the last window */
  } rows[] = {
      {{"audio.datatype", "INT16"}, 1, 1000, 0},
      {{"audio.datatype", "INT16", "audio.window", "400"}, 3, 400, 800},
      {{"audio.datatype", "INT16", "audio.window", "400", "audio.pad_end", "false"}, 2, 400, 400},
      {{"audio.datatype", "INT16", "audio.window", "400", "audio.hop", "100", "audio.pad_start", "50"}, 8, 400, 650},
      {{"audio.datatype", "INT16", "audio.window", "2000"}, 1, 2000, 0},
  };
  unsigned char wav[2100];
  const size_t size = make_wav(wav, 1000);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    sluice_error error;
    test_model model = load_media(rows[i].options);
    test_request *request = decoded(&model, wav, size, "audio/wav", &error);
    const test_tensor *output = output_of(request, "input");
    CHECK(shape_is(output, 2, (const int64_t[]){rows[i].windows, rows[i].length}));
    if (output != NULL) {
      CHECK(((const int16_t *)output->data)[(rows[i].windows - 1) * rows[i].length] == rows[i].last);
    }
    CHECK_TEXT(answer_param(request, "audio_seconds"), "0.0625");
    free_request(request);
    unload_model(&model);
  }
  sluice_error error;
  test_model model = load_media((const char *const[]){"audio.window", "2000", "audio.pad_end", "false", NULL});
  free_request(decoded(&model, wav, size, "audio/wav", &error));
  CHECK_TEXT(error.message, "the sound has 1000 samples, and one window has 2000");
  unload_model(&model);
}

static void refusals_say_what_is_wrong(void) {
  static const struct {
    const char *options[9];
    const char *file, *type, *message;
  } rows[] = {
      {{NULL}, "picture.png", "image/jpeg", "the body was sent as image/jpeg, but it is PNG"},
      {{NULL}, "picture.png", "audio/wav", "audio/wav isn't read here; send image/png, image/jpeg, image/webp"},
      {{NULL}, "picture.png", "text/html", "text/html isn't read here"},
      {{NULL}, "sound.wav", "", "the body is nothing that is read here; send image/png"},
      {{NULL}, "film.mp4", "image/png", "the body was sent as image/png, but it is MP4"},
      {{"image.max_pixels", "6000"}, "picture.png", "image/png", "the PNG has 96x64 pixels; at most 6000 are taken"},
      {{"image.max_pixels", "6000"}, "picture.jpg", "image/jpeg", "the JPEG has 96x64 pixels"},
      {{"image.max_pixels", "6000"}, "picture.webp", "image/webp", "the WebP has 96x64 pixels"},
      {{"image.max_pixels", "6000"}, "picture.gif", "image/gif", "the GIF has 96x64 pixels"},
      {{"image.max_pixels", "6000"}, "picture.bmp", "image/bmp", "the BMP has 96x64 pixels"},
      {{"image.max_pixels", "6000"}, "picture.tiff", "image/tiff", "the TIFF has 96x64 pixels"},
      {{"max_bytes", "1000"}, "picture.png", "image/png", "the picture would become 73728 bytes; at most 1000"},
      {{"audio.max_seconds", "0.5"}, "sound.wav", "audio/wav", "the WAV is 1.0 s long; at most 0.5 s are taken"},
      {{"audio.max_seconds", "0.5"}, "sound.mp3", "audio/mpeg", "the MP3 is longer than 0.5 s"},
      {{"audio.rate", "16000"}, "film.mp4", "audio/mp4", "the MP4 has no sound in it"},
      {{"video.every", "1", "image.max_pixels", "6000"}, "film.mp4", "video/mp4", "the MP4 has pictures of 96x64"},
      {{"video.every", "1", "video.max_frames", "3"}, "film.mp4", "video/mp4", "more than 3 pictures would be taken"},
      {{"video.every", "1", "video.max_seconds", "2"}, "film.mp4", "video/mp4", "the MP4 is 4.0 s long"},
      {{"video.every", "1", "max_bytes", "90000"}, "film.mkv", "video/x-matroska", "would become more than 90000"},
      {{"video.every", "1"}, "sound.m4a", "video/mp4", "the MP4 has no film in it"},
      {{"video.every", "1", "image.layout", "CHW"}, "film.mp4", "video/mp4", "40 pictures were taken, but layout CHW"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    sluice_error error;
    test_model model = load_media(rows[i].options);
    file body = read_sample(rows[i].file);
    free_request(decoded(&model, body.data, body.size, rows[i].type, &error));
    CHECK(error.code == SLUICE_INVALID_ARGUMENT);
    CHECK_TEXT(error.message, rows[i].message);
    unload_model(&model);
    free(body.data);
  }
  sluice_error error;
  test_model model = load_media((const char *const[]){NULL});
  free_request(decoded(&model, NULL, 0, "image/png", &error));
  CHECK_TEXT(error.message, "the body is empty");
  free_request(decoded(&model, "<html>", 6, "image/png", &error));
  CHECK_TEXT(error.message, "the body was sent as image/png, but it is none");
  test_request *request = new_request();
  cancel(request);
  decode(&model, request, two_pixels, sizeof two_pixels, "image/bmp", &error);
  CHECK(error.code == SLUICE_CANCELLED);
  free_request(request);
  unload_model(&model);
}

static void wrong_settings_are_refused(void) {
  static const struct {
    const char *options[7];
    const char *message;
  } rows[] = {
      {{"picture.size", "1x1"}, "config.picture: unknown setting"},
      {{"image.sise", "1x1"}, "config.image.sise: unknown setting"},
      {{"image.size", "224"}, "config.image.size: expected WIDTHxHEIGHT"},
      {{"image.size", "0x4"}, "config.image.size"},
      {{"image.resize", "4xx"}, "config.image.resize"},
      {{"image.fit", "crop"}, "there is no size to fit the picture into"},
      {{"image.filter", "sharp"}, "config.image.filter: expected one of nearest, box"},
      {{"image.layout", "NHW"}, "no axis for colours"},
      {{"image.layout", "NCTHW"}, "there is no video"},
      {{"image.scale", "1/0"}, "config.image.scale: expected a number"},
      {{"image.std", "0"}, "config.image.std"},
      {{"image.mean.0", "1", "image.mean.1", "1"}, "one for each colour"},
      {{"image.datatype", "UINT8", "image.scale", "2"}, "are for datatype FP32"},
      {{"image.resize", "4", "image.longest", "4"}, "resize or longest"},
      {{"video.every", "1", "video.fps", "1"}, "one of every, fps and frames"},
      {{"video.clip", "4"}, "no axis T"},
      {{"video.every", "2", "image.layout", "NTCHW"}, "config.video.clip is missing"},
      {{"audio.rate", "10"}, "config.audio.rate: expected a whole number from 1000"},
      {{"audio.channels", "5.1"}, "config.audio.channels: expected one of mono, stereo"},
      {{"audio.channels", "stereo", "audio.layout", "NS"}, "no axis for channels"},
      {{"audio.hop", "10"}, "there is no window"},
      {{"audio.rate", "8000", "image.size", "1x1"}, "of pictures or of sound"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    sluice_error error;
    test_model model = load_model(plugin_file("libsluice_media"), "/tmp", rows[i].options, &error);
    CHECK(model.model == NULL && error.code == SLUICE_INVALID_ARGUMENT);
    CHECK_TEXT(error.message, rows[i].message);
    if (model.model != NULL) unload_model(&model);
  }
}

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* 4,000,000,000 pixels in 45 bytes; and a picture that says less than it has. */
static void bombs_are_refused_at_once(void) {
  static const unsigned char huge[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n', 0,   0,   0,    13,   'I', 'H', 'D',
                                       'R',  0,   1,   0,   0,    0,    0,    0xEE, 0x6B, 8,  2,    0,    0,   0,   0,
                                       0,    0,   0,   0,   0,    0,    0,    'I',  'E', 'N', 'D', 0xAE, 0x42, 0x60, 0x82};
  sluice_error error;
  test_model model = load_media((const char *const[]){NULL});
  const double start = seconds_now();
  free_request(decoded(&model, huge, sizeof huge, "image/png", &error));
  CHECK(error.code == SLUICE_INVALID_ARGUMENT);
  CHECK_TEXT(error.message, "the PNG has 65536x61035 pixels");
  CHECK(seconds_now() - start < 0.5);
  unload_model(&model);
}

/* A file that is cut or changed anywhere is refused or decoded, and nothing else, in bounded time. */
static void damaged_files_harm_nothing(void) {
  test_model models[3] = {
      load_media((const char *const[]){"image.size", "16x16", NULL}),
      load_media((const char *const[]){"audio.window", "512", "audio.max_seconds", "10", NULL}),
      load_media((const char *const[]){"video.frames", "3", "video.max_seconds", "20", "image.size", "16x16", NULL}),
  };
  unsigned random = 1;
  for (size_t i = 0; i < SAMPLES; i++) {
    test_model *model = &models[i < 6 ? 0 : i < 13 ? 1 : 2];
    file body = read_sample(samples[i].file);
    unsigned char *copy = malloc(body.size);
    size_t accepted = 0;
    for (int round = 0; round < 160; round++) {
      sluice_error error;
      size_t size = body.size;
      memcpy(copy, body.data, size);
      const int is_cut = round < 60;
      if (is_cut) {
        size = body.size * (size_t)round / 60;
      } else {
        for (int change = 0; change <= round % 8; change++) {
          random = random * 1664525u + 1013904223u;
          /* Heads are where the numbers are that everything else hangs on. */
          const size_t at = (random >> 8) % (round % 2 == 0 ? size : size < 256 ? size : 256);
          random = random * 1664525u + 1013904223u;
          copy[at] = (unsigned char)(random >> 16);
        }
      }
      const double start = seconds_now();
      test_request *request = decoded(model, copy, size, samples[i].type, &error);
      const int is_refused = error.code == SLUICE_INVALID_ARGUMENT && error.message[0] != '\0';
      if (error.code != SLUICE_OK && !is_refused) {
        fprintf(stderr, "%s, round %d: %d %s\n", samples[i].file, round, error.code, error.message);
        failures++;
      }
      if (is_cut && error.code == SLUICE_OK) accepted++;
      CHECK(seconds_now() - start < 5);
      free_request(request);
    }
    /* Its frames stand by themselves: an MP3 may begin and end anywhere. */
    if (strcmp(samples[i].type, "audio/mpeg") != 0 && accepted > 0) {
      fprintf(stderr, "%s: %zu of those that were cut short were taken\n", samples[i].file, accepted);
      failures++;
    }
    free(copy);
    free(body.data);
  }
  for (size_t i = 0; i < 3; i++) unload_model(&models[i]);
}

/* What the fuzzer found worth keeping: the first byte says what it is for, the rest is the body. */
static void the_corpus_harms_nothing(void) {
  test_model models[3] = {
      load_media((const char *const[]){"image.size", "16x16", NULL}),
      load_media((const char *const[]){"audio.window", "512", "audio.max_seconds", "20", NULL}),
      load_media((const char *const[]){"video.frames", "3", "video.max_seconds", "20", "image.size", "16x16", NULL}),
  };
  DIR *folder = opendir(MEDIA_CORPUS);
  size_t count = 0;
  CHECK(folder != NULL);
  for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
    if (entry->d_name[0] == '.') continue;
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", MEDIA_CORPUS, entry->d_name);
    unsigned char body[65536];
    FILE *stream = fopen(path, "rb");
    const size_t size = stream == NULL ? 0 : fread(body, 1, sizeof body, stream);
    if (stream != NULL) fclose(stream);
    if (size < 2) continue;
    count++;
    sluice_error error;
    free_request(decoded(&models[body[0] % 3], body + 1, size - 1, "", &error));
    CHECK(error.code == SLUICE_OK || (error.code == SLUICE_INVALID_ARGUMENT && error.message[0] != '\0'));
  }
  if (folder != NULL) closedir(folder);
  CHECK(count > 30);
  for (size_t i = 0; i < 3; i++) unload_model(&models[i]);
}

void test_media(void) {
  every_picture_is_read();
  every_sound_is_read();
  films_are_sampled();
  clips_are_cut();
  numbers_are_arranged();
  sound_is_cut_into_windows();
  refusals_say_what_is_wrong();
  wrong_settings_are_refused();
  bombs_are_refused_at_once();
  damaged_files_harm_nothing();
  the_corpus_harms_nothing();
}
