// media - pictures, sound and film as the tensors that a model takes, and the reverse, by FFmpeg's libraries.
#include <cinttypes>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "encode.h"
#include "film.h"
#include "options.h"
#include "sound.h"

using namespace sluice_media;

struct sluice_model {
  Settings settings;
  std::string accepts, names;
  std::vector<int64_t> shape;
  sluice_tensor_spec input = {};
  sluice_tensor_spec output = {};
  sluice_kv metadata[2] = {};
  sluice_model_info info = {};
};

namespace {

enum class Kind { Image, Video, Audio };

// What may be sent under which name, and what the body then must be.
struct Type {
  const char *name;
  Kind kind;
  Format formats[2];
};
constexpr Type types[] = {
    {"image/png", Kind::Image, {Format::PNG, Format::PNG}},
    {"image/jpeg", Kind::Image, {Format::JPEG, Format::JPEG}},
    {"image/webp", Kind::Image, {Format::WebP, Format::WebP}},
    {"image/gif", Kind::Image, {Format::GIF, Format::GIF}},
    {"image/bmp", Kind::Image, {Format::BMP, Format::BMP}},
    {"image/tiff", Kind::Image, {Format::TIFF, Format::TIFF}},
    {"audio/wav", Kind::Audio, {Format::WAV, Format::WAV}},
    {"audio/flac", Kind::Audio, {Format::FLAC, Format::FLAC}},
    {"audio/mpeg", Kind::Audio, {Format::MP3, Format::MP3}},
    {"audio/ogg", Kind::Audio, {Format::Ogg, Format::Ogg}},
    {"audio/aac", Kind::Audio, {Format::AAC, Format::AAC}},
    {"audio/mp4", Kind::Audio, {Format::MP4, Format::MP4}},
    {"audio/webm", Kind::Audio, {Format::Matroska, Format::Matroska}},
    {"video/mp4", Kind::Video, {Format::MP4, Format::MP4}},
    {"video/webm", Kind::Video, {Format::Matroska, Format::Matroska}},
    {"video/x-matroska", Kind::Video, {Format::Matroska, Format::Matroska}},
    {"video/quicktime", Kind::Video, {Format::MP4, Format::MP4}},
    // Other names of the same.
    {"image/jpg", Kind::Image, {Format::JPEG, Format::JPEG}},
    {"image/x-ms-bmp", Kind::Image, {Format::BMP, Format::BMP}},
    {"audio/x-wav", Kind::Audio, {Format::WAV, Format::WAV}},
    {"audio/wave", Kind::Audio, {Format::WAV, Format::WAV}},
    {"audio/vnd.wave", Kind::Audio, {Format::WAV, Format::WAV}},
    {"audio/x-flac", Kind::Audio, {Format::FLAC, Format::FLAC}},
    {"audio/mp3", Kind::Audio, {Format::MP3, Format::MP3}},
    {"audio/opus", Kind::Audio, {Format::Ogg, Format::Ogg}},
    {"audio/x-m4a", Kind::Audio, {Format::MP4, Format::MP4}},
};
constexpr size_t type_count = sizeof types / sizeof types[0];
// Those before the other names.
constexpr size_t main_type_count = 17;

bool takes(const Settings &settings, Kind kind) {
  switch (kind) {
    case Kind::Image: return settings.has_image;
    case Kind::Video: return settings.has_video;
    case Kind::Audio: return settings.has_audio;
  }
  return false;
}

std::string accepted(const Settings &settings, size_t count) {
  std::string list;
  for (size_t i = 0; i < count; i++) {
    if (takes(settings, types[i].kind)) list += (list.empty() ? "" : ", ") + std::string(types[i].name);
  }
  return list;
}

// No exception leaves the plugin.
template <class Body> sluice_status guarded(sluice_error *error, Body body) {
  try {
    body();
    return SLUICE_OK;
  } catch (const Refusal &refusal) {
    return fail(error, refusal.status(), "%s", refusal.what());
  } catch (const std::bad_alloc &) {
    return fail(error, SLUICE_RESOURCE_EXHAUSTED, "out of memory");
  } catch (const std::exception &) {
    return fail(error, SLUICE_INTERNAL, "the codec failed");
  }
}

// The declared shape: what the settings leave open is -1.
std::vector<int64_t> shape_of(const Settings &settings) {
  std::vector<int64_t> shape;
  for (const char axis : settings.has_audio ? settings.audio.layout : settings.image.layout) {
    switch (axis) {
      case 'C': shape.push_back(settings.has_audio ? settings.audio.channels : settings.image.channels()); break;
      case 'H': shape.push_back(settings.image.height > 0 ? settings.image.height : -1); break;
      case 'W': shape.push_back(settings.image.width > 0 ? settings.image.width : -1); break;
      case 'T': shape.push_back(settings.video.clip); break;
      case 'S': shape.push_back(settings.audio.window > 0 ? settings.audio.window : -1); break;
      default: shape.push_back(-1); break;
    }
  }
  return shape;
}

sluice_dtype dtype_of(const Settings &settings) {
  if (settings.has_audio) {
    return settings.audio.is_float ? sluice_dtype{SLUICE_FLOAT, 32, 1} : sluice_dtype{SLUICE_INT, 16, 1};
  }
  return settings.image.is_float ? sluice_dtype{SLUICE_FLOAT, 32, 1} : sluice_dtype{SLUICE_UINT, 8, 1};
}

// The shape of an output that becomes a body: what the settings leave open is -1.
std::vector<int64_t> written_shape(const Settings &settings) {
  std::vector<int64_t> shape;
  for (const char axis : settings.has_audio ? settings.written_audio.layout : settings.written_image.layout) {
    shape.push_back(axis == 'C' ? settings.has_audio ? settings.written_audio.channels : settings.written_image.channels()
                                : -1);
  }
  return shape;
}

sluice_dtype written_dtype(const Settings &settings) {
  const bool is_float = settings.has_audio ? settings.written_audio.is_float : settings.written_image.is_float;
  if (is_float) return {SLUICE_FLOAT, 32, 1};
  return settings.has_audio ? sluice_dtype{SLUICE_INT, 16, 1} : sluice_dtype{SLUICE_UINT, 8, 1};
}

sluice_status load(const sluice_host *, const sluice_load_args *args, sluice_model **out, sluice_error *error) {
  return guarded(error, [&] {
    av_log_set_callback([](void *, int, const char *, va_list) {});  // what it says may quote the body
    auto model = std::make_unique<sluice_model>();
    model->settings = read_settings(args);
    model->accepts = accepted(model->settings, main_type_count);
    model->names = accepted(model->settings, type_count);
    model->shape = shape_of(model->settings);
    const bool writes = !model->settings.output.empty();
    if (writes) {
      model->shape = written_shape(model->settings);
      model->accepts = model->names = model->settings.has_audio ? "audio/wav" : "image/png, image/jpeg";
    }
    sluice_tensor_spec &body = writes ? model->output : model->input;
    sluice_tensor_spec &tensor = writes ? model->input : model->output;
    body.name = "body";
    body.dtype = {SLUICE_BYTES, 8, 1};
    tensor.name = writes ? model->settings.output.c_str() : model->settings.input.c_str();
    tensor.dtype = writes ? written_dtype(model->settings) : dtype_of(model->settings);
    tensor.ndim = static_cast<int32_t>(model->shape.size());
    tensor.shape = model->shape.data();
    model->metadata[0] = {"accepts", model->accepts.c_str()};
    model->metadata[1] = {"names", model->names.c_str()};
    sluice_model_info &info = model->info;
    info.struct_size = sizeof info;
    info.inputs = &model->input;
    info.input_count = 1;
    info.outputs = &model->output;
    info.output_count = 1;
    info.batching = SLUICE_BATCH_NONE;
    info.max_concurrency = static_cast<int32_t>(std::max(1u, std::thread::hardware_concurrency()));
    info.flags = SLUICE_MODEL_DETERMINISTIC;
    info.platform = "ffmpeg";
    info.metadata = model->metadata;
    info.metadata_count = 2;
    *out = model.release();
  });
}

void unload(sluice_model *model) { delete model; }

const sluice_model_info *describe(sluice_model *model) { return &model->info; }

Bytes body_of(const sluice_request *request) {
  const sluice_tensor *body = request->input_count == 1 ? &request->inputs[0] : nullptr;
  if (body == nullptr || std::strcmp(body->name, "body") != 0 || body->dtype.code != SLUICE_BYTES || body->ndim != 0) {
    refuse("expected one input: a BYTES scalar named \"body\"");
  }
  const auto *data = static_cast<const uint8_t *>(body->data) + body->offsets[0];
  const auto size = static_cast<size_t>(body->offsets[1] - body->offsets[0]);
  if (size == 0) refuse("the body is empty");
  return {data, size};
}

// What the body is to be read as: by the type that it was sent under, and it must be that; without one, by itself.
Kind kind_of(const sluice_model &model, const char *type, Format format) {
  if (type[0] != '\0') {
    const std::string essence(type, std::strcspn(type, "; \t"));
    const Type *known = nullptr;
    for (const Type &candidate : types) {
      if (strcasecmp(candidate.name, essence.c_str()) == 0) known = &candidate;
    }
    if (known == nullptr || !takes(model.settings, known->kind)) {
      refuse("%.64s isn't read here; send %s", essence.c_str(), model.accepts.c_str());
    }
    if (format != known->formats[0] && format != known->formats[1]) {
      if (format == Format::Unknown) refuse("the body was sent as %s, but it is none", known->name);
      refuse("the body was sent as %s, but it is %s", known->name, format_name(format));
    }
    return known->kind;
  }
  for (size_t i = 0; i < type_count; i++) {
    if (types[i].formats[0] == format && takes(model.settings, types[i].kind)) return types[i].kind;
  }
  refuse("the body is nothing that is read here; send %s", model.accepts.c_str());
}

// A tensor of the host's memory, of the settings' data type.
sluice_tensor new_tensor(const sluice_model &model, const sluice_request *request, std::vector<int64_t> &shape) {
  sluice_tensor tensor = {};
  tensor.device_type = SLUICE_CPU;
  tensor.name = model.output.name;
  tensor.dtype = model.output.dtype;
  tensor.ndim = static_cast<int32_t>(shape.size());
  tensor.shape = shape.data();
  double bytes = tensor.dtype.bits / 8;
  for (const int64_t side : shape) bytes *= static_cast<double>(side);
  if (bytes > static_cast<double>(model.settings.max_bytes)) {
    refuse("the body would become %.0f bytes; at most %" PRId64 " are taken", bytes, model.settings.max_bytes);
  }
  tensor.byte_size = static_cast<uint64_t>(bytes);
  const sluice_status status = request->host->new_output(request, &tensor);
  if (status != SLUICE_OK) refuse_with(status, "there is no memory for the tensor");
  return tensor;
}

void respond(const sluice_request *request, sluice_tensor &tensor, const std::vector<sluice_kv> &params) {
  sluice_response response = {};
  response.struct_size = sizeof response;
  response.outputs = &tensor;
  response.output_count = 1;
  response.flags = SLUICE_FINAL;
  response.params = params.data();
  response.param_count = params.size();
  request->host->respond(request, &response);  // not OK = the caller has gone
}

// Answers with pictures of one size; of a film there may be several.
void answer_pictures(const sluice_model &model, const sluice_request *request, const std::vector<Picture> &pictures,
                     int64_t pixels) {
  const ImageSettings &settings = model.settings.image;
  const int64_t width = pictures[0].width, height = pictures[0].height, channels = pictures[0].channels;
  const bool has_clips = settings.layout.find('T') != std::string::npos;
  const auto count = static_cast<int64_t>(pictures.size());
  const int64_t clip = has_clips ? model.settings.video.clip : 1;
  const int64_t clips = (count + clip - 1) / clip;
  if (settings.layout[0] != 'N' && clips > 1) {
    refuse("%lld pictures were taken, but layout %s is of one", static_cast<long long>(count),
           settings.layout.c_str());
  }
  std::vector<int64_t> shape;
  // How far it is from one to the next along each axis.
  int64_t of_clip = 0, of_frame = 0, of_channel = 0, of_row = 0, of_column = 0, step = 1;
  for (size_t i = settings.layout.size(); i-- > 0;) {
    int64_t side = 1;
    switch (settings.layout[i]) {
      case 'N': side = clips; of_clip = step; break;
      case 'T': side = clip; of_frame = step; break;
      case 'C': side = channels; of_channel = step; break;
      case 'H': side = height; of_row = step; break;
      default: side = width; of_column = step; break;
    }
    shape.insert(shape.begin(), side);
    step *= side;
  }
  sluice_tensor tensor = new_tensor(model, request, shape);
  for (int64_t i = 0; i < clips * clip; i++) {
    const Picture &picture = pictures[static_cast<size_t>(std::min(i, count - 1))];
    const int64_t start = i / clip * of_clip + i % clip * of_frame;
    write_pixels(picture, settings, {start, of_channel, of_row, of_column}, tensor.data);
  }
  const std::string pixel_text = std::to_string(pixels), count_text = std::to_string(count);
  respond(request, tensor, {{"pixels", pixel_text.c_str()}, {"pictures", count_text.c_str()}});
}

void decode_image(const sluice_model &model, const sluice_request *request, Bytes body, Format format,
                  const Patience &patience) {
  const ImageSettings &settings = model.settings.image;
  const Header header = read_header(body, format);
  // Sides are bounded too: their product could wrap.
  const bool is_large = header.width > INT32_MAX / 4 || header.height > INT32_MAX / 4 ||
                        header.width * header.height > settings.max_pixels;
  if (is_large) {
    refuse("the %s has %lldx%lld pixels; at most %lld are taken", format_name(format),
           static_cast<long long>(header.width), static_cast<long long>(header.height),
           static_cast<long long>(settings.max_pixels));
  }
  const bool turns = header.orientation >= 5;
  int width = 0, height = 0;
  fitted_size(settings, static_cast<int>(turns ? header.height : header.width),
              static_cast<int>(turns ? header.width : header.height), width, height);
  const int64_t bytes = int64_t{width} * height * settings.channels() * (settings.is_float ? 4 : 1);
  if (bytes > model.settings.max_bytes) {
    refuse("the picture would become %lld bytes; at most %" PRId64 " are taken", static_cast<long long>(bytes),
           model.settings.max_bytes);
  }
  Picture picture = decode_picture(body, header, settings.max_pixels, settings.colour == Colour::Gray);
  const int64_t pixels = int64_t{picture.width} * picture.height;
  patience.check();
  picture = fitted(upright(std::move(picture), header.orientation), settings);
  patience.check();
  std::vector<Picture> pictures;
  pictures.push_back(std::move(picture));
  answer_pictures(model, request, pictures, pixels);
}

void decode_audio(const sluice_model &model, const sluice_request *request, Bytes body, Format format,
                  const Patience &patience) {
  const AudioSettings &settings = model.settings.audio;
  const Sound sound = decode_sound(body, format, settings, patience);
  const int64_t windows = window_count(settings, sound.count());
  if (windows == 0) {
    refuse("the sound has %lld samples, and one window has %lld", static_cast<long long>(sound.count()),
           static_cast<long long>(settings.window));
  }
  const int64_t length = settings.window > 0 ? settings.window : sound.count() + settings.pad_start;
  std::vector<int64_t> shape;
  for (const char axis : settings.layout) {
    shape.push_back(axis == 'N' ? windows : axis == 'S' ? length : sound.channels);
  }
  sluice_tensor tensor = new_tensor(model, request, shape);
  write_sound(sound, settings, tensor.data);
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.6f", static_cast<double>(sound.count()) / settings.rate);
  respond(request, tensor, {{"audio_seconds", seconds}});
}

sluice_status decode(sluice_model *model, const sluice_request *const *requests, size_t, sluice_error *error) {
  return guarded(error, [&] {
    const sluice_request *request = requests[0];
    const Patience patience(request);
    patience.check();
    if (!model->settings.output.empty()) refuse("this writes bodies, and reads none");
    const Bytes body = body_of(request);
    const Format format = format_of(body);
    switch (kind_of(*model, param_text(request, "content-type", ""), format)) {
      case Kind::Image: return decode_image(*model, request, body, format, patience);
      case Kind::Audio: return decode_audio(*model, request, body, format, patience);
      case Kind::Video: break;
    }
    const Film film = decode_film(body, format, model->settings, patience);
    answer_pictures(*model, request, film.pictures, film.pixels);
  });
}

sluice_status encode(sluice_model *model, const sluice_request *const *requests, size_t, sluice_error *error) {
  return guarded(error, [&] {
    const sluice_request *request = requests[0];
    const Settings &settings = model->settings;
    const Patience patience(request);
    patience.check();
    if (settings.output.empty()) refuse("this reads bodies, and writes none");
    const sluice_tensor *tensor = request->input_count == 1 ? &request->inputs[0] : nullptr;
    const sluice_dtype wanted = written_dtype(settings);
    if (tensor == nullptr || tensor->dtype.code != wanted.code || tensor->dtype.bits != wanted.bits) {
      refuse("expected one input of the declared data type");
    }
    const std::string type = param_text(request, "content-type", settings.has_audio ? "audio/wav" : "image/png");
    std::vector<uint8_t> file;
    if (settings.has_audio && type == "audio/wav") {
      file = encode_wav(*tensor, settings.written_audio);
    } else if (settings.has_image && (type == "image/png" || type == "image/jpeg")) {
      const Format format = type == "image/png" ? Format::PNG : Format::JPEG;
      file = encode_picture(*tensor, settings.written_image, format, patience);
    } else {
      refuse("%.64s isn't written here; ask for %s", type.c_str(), model->accepts.c_str());
    }
    const int64_t offsets[2] = {0, static_cast<int64_t>(file.size())};
    sluice_tensor body = {};
    body.device_type = SLUICE_CPU;
    body.name = "body";
    body.dtype = {SLUICE_BYTES, 8, 1};
    body.data = file.data();
    body.offsets = offsets;
    body.byte_size = file.size();
    respond(request, body, {});
  });
}

// The host reads it by its end.
struct TypeNames {
  const char *names[type_count + 1] = {};
  TypeNames() {
    for (size_t i = 0; i < type_count; i++) names[i] = types[i].name;
  }
};
const TypeNames type_names;

sluice_plugin make_plugin() {
  sluice_plugin plugin = {};
  plugin.struct_size = sizeof plugin;
  plugin.abi_minor = SLUICE_ABI_MINOR;
  plugin.tensor_size = sizeof(sluice_tensor);
  plugin.id = "dev.sluice.media";
  plugin.version = "1.0.0";
  plugin.summary = "Pictures, sound and film as tensors, and the reverse, by FFmpeg's libraries";
  plugin.content_types = type_names.names;
  plugin.load = load;
  plugin.unload = unload;
  plugin.describe = describe;
  plugin.decode = decode;
  plugin.encode = encode;
  return plugin;
}
const sluice_plugin plugin = make_plugin();

}  // namespace

const sluice_plugin *sluice_plugin_v1(const sluice_host *, sluice_error *) { return &plugin; }
