// What the media plugin takes for one file, beside FFmpeg's own libraries doing the like: `make bench`, suite `decoding`.
//
//     media PLUGIN picture FILE.jpg WIDTH HEIGHT
//     media PLUGIN sound FILE
//
// Prints microseconds of CPU a file, one thread's: "plugin 812". A picture becomes NCHW of floats from 0 to 1; beside it
// stands "libav", which decodes it and scales it (swscale, bilinear) to planes of floats, and "libav rgb", which does the
// same to bytes, and leaves out what makes numbers of them.

#include <dlfcn.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/frame.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
}

#include "sluice_plugin.h"

namespace {

[[noreturn]] void stop(const char *why) {
  std::fprintf(stderr, "%s\n", why);
  std::exit(1);
}

uint64_t now(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1000000000u + static_cast<uint64_t>(time.tv_nsec);
}

// The host's side: memory that is used again, as a gateway's pool is.
std::vector<uint8_t> memory;
bool has_answered;

sluice_host make_host() {
  sluice_host host = {};
  host.struct_size = sizeof host;
  host.name = "bench";
  host.version = "0";
  host.now_ns = [](const sluice_host *) { return now(CLOCK_MONOTONIC); };
  host.is_cancelled = [](const sluice_request *) -> int32_t { return 0; };
  host.new_output = [](const sluice_request *, sluice_tensor *tensor) -> sluice_status {
    if (memory.size() < tensor->byte_size) memory.resize(tensor->byte_size);
    tensor->data = memory.data();
    return SLUICE_OK;
  };
  host.respond = [](const sluice_request *, const sluice_response *) -> sluice_status {
    has_answered = true;
    return SLUICE_OK;
  };
  return host;
}
const sluice_host host = make_host();

// A model of the plugin, and what it makes of one file.
class Decoder {
 public:
  Decoder(const char *path, const std::vector<sluice_kv> &options) {
    void *library = dlopen(path, RTLD_NOW);
    if (library == nullptr) stop(dlerror());
    const auto entry = reinterpret_cast<sluice_plugin_entry>(dlsym(library, "sluice_plugin_v1"));
    if (entry == nullptr) stop("the plugin has no entry");
    plugin_ = entry(&host, nullptr);
    sluice_load_args arguments = {};
    arguments.struct_size = sizeof arguments;
    arguments.model = "bench";
    arguments.version = "1";
    arguments.path = "/";
    arguments.config_json = "{}";
    arguments.options = options.data();
    arguments.option_count = options.size();
    sluice_error error = {};
    if (plugin_->load(&host, &arguments, &model_, &error) != SLUICE_OK) stop(error.message);
  }

  void decode(const std::vector<uint8_t> &file) {
    const int64_t offsets[2] = {0, static_cast<int64_t>(file.size())};
    sluice_tensor input = {};
    input.data = const_cast<uint8_t *>(file.data());
    input.device_type = SLUICE_CPU;
    input.dtype = {SLUICE_BYTES, 8, 1};
    input.name = "body";
    input.byte_size = file.size();
    input.offsets = offsets;
    sluice_request request = {};
    request.struct_size = sizeof request;
    request.host = &host;
    request.id = "1";
    request.deadline_ns = now(CLOCK_MONOTONIC) + 5000000000u;
    request.inputs = &input;
    request.input_count = 1;
    const sluice_request *requests[1] = {&request};
    sluice_error error = {};
    has_answered = false;
    if (plugin_->decode(model_, requests, 1, &error) != SLUICE_OK || !has_answered) stop(error.message);
  }

 private:
  const sluice_plugin *plugin_ = nullptr;
  sluice_model *model_ = nullptr;
};

// FFmpeg's libraries with everything kept that can be kept from one picture to the next.
class Libav {
 public:
  Libav(int width, int height, AVPixelFormat format) : out_(av_frame_alloc()) {
    codec_ = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_MJPEG));
    codec_->thread_count = 1;
    if (avcodec_open2(codec_, nullptr, nullptr) < 0) stop("no decoder");
    out_->width = width;
    out_->height = height;
    out_->format = format;
    if (av_frame_get_buffer(out_, 0) < 0) stop("no memory");
  }

  void decode(const std::vector<uint8_t> &file) {
    AVPacket *packet = av_packet_alloc();
    av_new_packet(packet, static_cast<int>(file.size()));
    std::memcpy(packet->data, file.data(), file.size());
    AVFrame *frame = av_frame_alloc();
    if (avcodec_send_packet(codec_, packet) < 0 || avcodec_receive_frame(codec_, frame) < 0) stop("not decoded");
    scaler_ = sws_getCachedContext(scaler_, frame->width, frame->height, static_cast<AVPixelFormat>(frame->format),
                                   out_->width, out_->height, static_cast<AVPixelFormat>(out_->format), SWS_BILINEAR,
                                   nullptr, nullptr, nullptr);
    sws_scale(scaler_, frame->data, frame->linesize, 0, frame->height, out_->data, out_->linesize);
    av_frame_free(&frame);
    av_packet_free(&packet);
  }

 private:
  AVCodecContext *codec_ = nullptr;
  SwsContext *scaler_ = nullptr;
  AVFrame *out_;
};

struct Contender {
  const char *name;
  std::function<void()> run;
  uint64_t best = UINT64_MAX;
};

// By turns, and the best of them: whatever else the machine does only adds.
void race(std::vector<Contender> contenders) {
  for (int turn = 0; turn < 12; turn++) {
    for (Contender &contender : contenders) {
      constexpr int files = 20;
      const uint64_t begin = now(CLOCK_THREAD_CPUTIME_ID);
      for (int i = 0; i < files; i++) contender.run();
      contender.best = std::min(contender.best, (now(CLOCK_THREAD_CPUTIME_ID) - begin) / files);
    }
  }
  for (const Contender &contender : contenders) {
    std::printf("%s\t%llu\n", contender.name, static_cast<unsigned long long>(contender.best / 1000));
  }
}

}  // namespace

int main(int count, char **arguments) {
  if (count < 4) stop("usage: media PLUGIN picture FILE.jpg WIDTH HEIGHT | media PLUGIN sound FILE");
  std::ifstream stream(arguments[3], std::ios::binary);
  const std::vector<uint8_t> file{std::istreambuf_iterator<char>(stream), {}};
  if (file.empty()) stop("the file is empty or missing");
  av_log_set_level(AV_LOG_QUIET);
  if (std::strcmp(arguments[2], "sound") == 0) {
    Decoder plugin(arguments[1], {{"audio.channels", "mono"}});
    race({{"plugin", [&] { plugin.decode(file); }}});
    return 0;
  }
  if (count < 6) stop("a picture needs a width and a height");
  const std::string size = std::string(arguments[4]) + "x" + arguments[5];
  Decoder plugin(arguments[1], {{"image.size", size.c_str()}, {"image.scale", "1/255"}});
  const int width = std::atoi(arguments[4]), height = std::atoi(arguments[5]);
  Libav floats(width, height, AV_PIX_FMT_GBRPF32);
  Libav bytes(width, height, AV_PIX_FMT_RGB24);
  race({{"plugin", [&] { plugin.decode(file); }},
        {"libav", [&] { floats.decode(file); }},
        {"libav rgb", [&] { bytes.decode(file); }}});
  return 0;
}
