/* samples - writes one small file of every format that the plugin reads: samples FOLDER
 *
 * A picture is 96x64: red grows to the right, green downwards, blue is 128. Picture i of a film is gray, of level
 * 16 + 4 * i, 40 of them at 10 a second. Sound is 1 s of 440 Hz at half of full scale, 48 kHz, mono. */
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { WIDTH = 96, HEIGHT = 64, PICTURES = 40, PICTURE_RATE = 10, SAMPLE_RATE = 48000 };

static void must(int is_right, const char *what) {
  if (is_right) return;
  fprintf(stderr, "samples: %s failed\n", what);
  exit(1);
}

typedef struct {
  AVFormatContext *file;
  AVCodecContext *codec;
  AVStream *stream;
  AVPacket *packet;
} writer;

static writer open_writer(const char *folder, const char *name, const char *muxer, const char *encoder, int is_still) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  writer w = {0};
  must(avformat_alloc_output_context2(&w.file, NULL, muxer, path) >= 0, muxer);
  const AVCodec *codec = avcodec_find_encoder_by_name(encoder);
  must(codec != NULL, encoder);
  w.codec = avcodec_alloc_context3(codec);
  w.stream = avformat_new_stream(w.file, NULL);
  w.packet = av_packet_alloc();
  w.codec->thread_count = 1;
  w.codec->flags |= AV_CODEC_FLAG_BITEXACT;
  w.file->flags |= AVFMT_FLAG_BITEXACT;
  if (codec->type == AVMEDIA_TYPE_VIDEO) {
    w.codec->width = WIDTH;
    w.codec->height = HEIGHT;
    w.codec->pix_fmt = codec->pix_fmts[0];
    /* The first form that an encoder of pictures takes may be one with transparency, or a palette that is fixed. */
    for (int i = 0; is_still && codec->pix_fmts[i] != AV_PIX_FMT_NONE; i++) {
      if (codec->pix_fmts[i] == AV_PIX_FMT_RGB24 || codec->pix_fmts[i] == AV_PIX_FMT_BGR24) {
        w.codec->pix_fmt = codec->pix_fmts[i];
        break;
      }
    }
    if (!is_still) w.codec->pix_fmt = AV_PIX_FMT_YUV420P;
    w.codec->time_base = (AVRational){1, PICTURE_RATE};
    w.codec->framerate = (AVRational){PICTURE_RATE, 1};
    w.codec->gop_size = 8;
    w.codec->qmin = 2;
    if (!is_still) av_opt_set(w.codec->priv_data, "crf", "12", 0);
    if (is_still) w.codec->flags |= AV_CODEC_FLAG_QSCALE, w.codec->global_quality = 2 * FF_QP2LAMBDA;
  } else {
    w.codec->sample_rate = SAMPLE_RATE;
    for (int i = 0; codec->sample_fmts[i] != AV_SAMPLE_FMT_NONE; i++) {
      w.codec->sample_fmt = codec->sample_fmts[i];
      const enum AVSampleFormat packed = av_get_packed_sample_fmt(codec->sample_fmts[i]);
      if (packed == AV_SAMPLE_FMT_FLT || packed == AV_SAMPLE_FMT_S16) break;
    }
    w.codec->ch_layout = (AVChannelLayout)AV_CHANNEL_LAYOUT_MONO;
    w.codec->time_base = (AVRational){1, SAMPLE_RATE};
    w.codec->bit_rate = 128000;
    w.codec->strict_std_compliance = FF_COMPLIANCE_EXPERIMENTAL;
  }
  if (w.file->oformat->flags & AVFMT_GLOBALHEADER) w.codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  must(avcodec_open2(w.codec, codec, NULL) >= 0, encoder);
  must(avcodec_parameters_from_context(w.stream->codecpar, w.codec) >= 0, "the parameters");
  w.stream->time_base = w.codec->time_base;
  must(avio_open(&w.file->pb, path, AVIO_FLAG_WRITE) >= 0, path);
  AVDictionary *options = NULL;
  av_dict_set(&options, "update", "1", 0);
  must(avformat_write_header(w.file, &options) >= 0, "the header");
  av_dict_free(&options);
  return w;
}

static void encode(writer *w, const AVFrame *frame) {
  must(avcodec_send_frame(w->codec, frame) >= 0, "encoding");
  while (avcodec_receive_packet(w->codec, w->packet) >= 0) {
    av_packet_rescale_ts(w->packet, w->codec->time_base, w->stream->time_base);
    w->packet->stream_index = 0;
    if (w->packet->duration == 0) w->packet->duration = w->stream->time_base.den / (w->stream->time_base.num * PICTURE_RATE);
    must(av_interleaved_write_frame(w->file, w->packet) >= 0, "writing");
  }
}

static void close_writer(writer *w) {
  encode(w, NULL);
  must(av_write_trailer(w->file) >= 0, "the trailer");
  avio_closep(&w->file->pb);
  avcodec_free_context(&w->codec);
  av_packet_free(&w->packet);
  avformat_free_context(w->file);
}

static void write_pictures(const char *folder, const char *name, const char *muxer, const char *encoder, int count) {
  writer w = open_writer(folder, name, muxer, encoder, count == 1);
  struct SwsContext *scaler = sws_getContext(WIDTH, HEIGHT, AV_PIX_FMT_RGB24, WIDTH, HEIGHT, w.codec->pix_fmt,
                                             SWS_BILINEAR | SWS_ACCURATE_RND, NULL, NULL, NULL);
  must(scaler != NULL, "the scaler");
  static uint8_t rgb[WIDTH * HEIGHT * 3];
  AVFrame *frame = av_frame_alloc();
  frame->width = WIDTH;
  frame->height = HEIGHT;
  frame->format = w.codec->pix_fmt;
  must(av_frame_get_buffer(frame, 0) >= 0, "the frame");
  for (int i = 0; i < count; i++) {
    for (int at = 0; at < WIDTH * HEIGHT; at++) {
      const int gray = 16 + 4 * i;
      rgb[at * 3] = (uint8_t)(count == 1 ? at % WIDTH * 255 / (WIDTH - 1) : gray);
      rgb[at * 3 + 1] = (uint8_t)(count == 1 ? at / WIDTH * 255 / (HEIGHT - 1) : gray);
      rgb[at * 3 + 2] = (uint8_t)(count == 1 ? 128 : gray);
    }
    const uint8_t *planes[4] = {rgb};
    const int strides[4] = {WIDTH * 3};
    must(av_frame_make_writable(frame) >= 0, "the frame");
    sws_scale(scaler, planes, strides, 0, HEIGHT, frame->data, frame->linesize);
    frame->pts = i;
    frame->quality = w.codec->global_quality;
    encode(&w, frame);
  }
  av_frame_free(&frame);
  sws_freeContext(scaler);
  close_writer(&w);
}

static void write_sound(const char *folder, const char *name, const char *muxer, const char *encoder) {
  writer w = open_writer(folder, name, muxer, encoder, 0);
  const int size = w.codec->frame_size > 0 ? w.codec->frame_size : 1024;
  AVFrame *frame = av_frame_alloc();
  frame->format = w.codec->sample_fmt;
  frame->nb_samples = size;
  frame->sample_rate = SAMPLE_RATE;
  must(av_channel_layout_copy(&frame->ch_layout, &w.codec->ch_layout) >= 0, "the channels");
  must(av_frame_get_buffer(frame, 0) >= 0, "the frame");
  for (int start = 0; start < SAMPLE_RATE; start += size) {
    must(av_frame_make_writable(frame) >= 0, "the frame");
    frame->nb_samples = SAMPLE_RATE - start < size ? SAMPLE_RATE - start : size;
    frame->pts = start;
    for (int i = 0; i < frame->nb_samples; i++) {
      const double value = 0.5 * sin(2 * M_PI * 440 * (start + i) / SAMPLE_RATE);
      if (av_get_packed_sample_fmt(w.codec->sample_fmt) == AV_SAMPLE_FMT_FLT) {
        ((float *)frame->data[0])[i] = (float)value;
      } else {
        ((int16_t *)frame->data[0])[i] = (int16_t)lrint(value * 32767);
      }
    }
    encode(&w, frame);
  }
  av_frame_free(&frame);
  close_writer(&w);
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  av_log_set_level(AV_LOG_ERROR);
  const char *folder = argv[1];
  write_pictures(folder, "picture.png", "image2", "png", 1);
  write_pictures(folder, "picture.jpg", "image2", "mjpeg", 1);
  write_pictures(folder, "picture.gif", "gif", "gif", 1);
  write_pictures(folder, "picture.bmp", "image2", "bmp", 1);
  write_pictures(folder, "picture.tiff", "image2", "tiff", 1);
  write_pictures(folder, "picture.webp", "webp", "libwebp", 1);
  write_sound(folder, "sound.wav", "wav", "pcm_s16le");
  write_sound(folder, "sound.flac", "flac", "flac");
  write_sound(folder, "sound.mp3", "mp3", "libmp3lame");
  write_sound(folder, "sound.ogg", "ogg", "libvorbis");
  write_sound(folder, "sound.opus", "ogg", "libopus");
  write_sound(folder, "sound.aac", "adts", "aac");
  write_sound(folder, "sound.m4a", "mp4", "aac");
  write_pictures(folder, "film.mp4", "mp4", "libx264", PICTURES);
  write_pictures(folder, "film.webm", "webm", "libvpx-vp9", PICTURES);
  write_pictures(folder, "film.mkv", "matroska", "libx264", PICTURES);
  return 0;
}
