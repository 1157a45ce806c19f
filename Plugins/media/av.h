// av.h - owners of FFmpeg's objects.
#ifndef SLUICE_MEDIA_AV_H
#define SLUICE_MEDIA_AV_H
#include <memory>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>
}

namespace sluice_media {

struct FreeAV {
  void operator()(AVCodecContext *object) const { avcodec_free_context(&object); }
  void operator()(AVFrame *object) const { av_frame_free(&object); }
  void operator()(AVPacket *object) const { av_packet_free(&object); }
  void operator()(SwsContext *object) const { sws_freeContext(object); }
  void operator()(SwrContext *object) const { swr_free(&object); }
};
using Codec = std::unique_ptr<AVCodecContext, FreeAV>;
using Frame = std::unique_ptr<AVFrame, FreeAV>;
using Packet = std::unique_ptr<AVPacket, FreeAV>;
using Scaler = std::unique_ptr<SwsContext, FreeAV>;
using Resampler = std::unique_ptr<SwrContext, FreeAV>;

template <class Object> Object *made(Object *object) {
  if (object == nullptr) throw std::bad_alloc();
  return object;
}

// A decoder that is not open yet. One thread each: the host decides how many requests are decoded at once.
inline Codec make_codec(const AVCodec *decoder) {
  Codec codec(made(avcodec_alloc_context3(decoder)));
  codec->thread_count = 1;
  return codec;
}

}  // namespace sluice_media
#endif
