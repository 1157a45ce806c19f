#include "header.h"

#include <algorithm>

namespace sluice_media {
namespace {

// A progressive JPEG has about ten; each is a pass over the whole picture.
constexpr int most_scans = 64;

// The orientation of a TIFF structure, which EXIF is; 1 where it says none, or nothing sensible.
int tiff_orientation(Bytes exif) {
  if (!exif.has(0, 8)) return 1;
  const bool is_little = exif.starts_with("II", 2);
  if (!is_little && !exif.starts_with("MM", 2)) return 1;
  const auto u16 = [&](size_t at) { return is_little ? exif.u16le(at) : exif.u16be(at); };
  const auto u32 = [&](size_t at) { return is_little ? exif.u32le(at) : exif.u32be(at); };
  const size_t start = u32(4);
  if (!exif.has(start, 2)) return 1;
  const size_t count = u16(start);
  for (size_t i = 0; i < count && exif.has(start + 2 + i * 12, 12); i++) {
    const size_t entry = start + 2 + i * 12;
    if (u16(entry) != 0x0112) continue;
    const int value = u16(entry + 8);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

Bytes part(Bytes body, size_t at, size_t size) { return {body.data + at, size}; }

// Calls `visit(type, at, length)` with each chunk's data, until it answers false or the picture ends.
template <class Visit> void walk_png(Bytes body, Visit visit) {
  size_t at = 8;
  for (;;) {
    body.need(at, 12, "PNG");
    const size_t length = body.u32be(at);
    if (length > 0x7FFFFFFF) refuse("the PNG is damaged: a chunk of %zu bytes", length);
    body.need(at + 8, length + 4, "PNG");
    const uint32_t type = body.u32be(at + 4);
    if (!visit(type, at + 8, length)) return;
    if (type == 0x49454E44) return;  // IEND
    at += length + 12;
  }
}

Header read_png(Bytes body) {
  Header header;
  walk_png(body, [&](uint32_t type, size_t at, size_t length) {
    if (at == 16) {
      if (type != 0x49484452 || length != 13) refuse("the PNG is damaged: it doesn't begin with IHDR");
      header.width = body.u32be(at);
      header.height = body.u32be(at + 4);
    } else if (type == 0x65584966) {  // eXIf
      header.orientation = tiff_orientation(part(body, at, length));
    }
    return true;
  });
  return header;
}

struct Segment {
  int marker;
  // Of the marker itself, and of what follows its length.
  size_t start, at, length;
};

// Calls `visit` with each marker that has a segment, and `entropy(from, to)` with what is between a scan and the next.
template <class Visit, class Entropy> void walk_jpeg(Bytes body, Visit visit, Entropy entropy) {
  size_t at = 2;
  for (;;) {
    body.need(at, 2, "JPEG");
    const size_t start = at;
    if (body.data[at] != 0xFF) refuse("the JPEG is damaged: no marker where one must be, at byte %zu", at);
    while (body.has(at, 2) && body.data[at + 1] == 0xFF) at++;
    body.need(at, 2, "JPEG");
    const int marker = body.data[at + 1];
    at += 2;
    if (marker == 0xD9) return;
    if (marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8)) continue;
    body.need(at, 2, "JPEG");
    const size_t length = body.u16be(at);
    if (length < 2) refuse("the JPEG is damaged: a segment of %zu bytes", length);
    body.need(at, length, "JPEG");
    visit(Segment{marker, start, at + 2, length - 2});
    at += length;
    if (marker != 0xDA) continue;
    const size_t from = at;
    for (;;) {
      const void *found = body.has(at, 2) ? std::memchr(body.data + at, 0xFF, body.size - at - 1) : nullptr;
      if (found == nullptr) refuse("the JPEG is cut short: it ends after %zu bytes", body.size);
      at = static_cast<size_t>(static_cast<const uint8_t *>(found) - body.data);
      const uint8_t next = body.data[at + 1];
      if (next != 0 && next != 0xFF && !(next >= 0xD0 && next <= 0xD7)) break;
      at += next == 0xFF ? 1 : 2;
    }
    entropy(from, at);
  }
}

Header read_jpeg(Bytes body) {
  Header header;
  int scans = 0;
  walk_jpeg(
      body,
      [&](const Segment &segment) {
        const int marker = segment.marker;
        const bool is_frame = marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
        if (is_frame) {
          if (segment.length < 6) refuse("the JPEG is damaged: its frame header is too short");
          if (header.width != 0) refuse("the JPEG is damaged: it has two frame headers");
          header.height = body.u16be(segment.at + 1);
          header.width = body.u16be(segment.at + 3);
        } else if (marker == 0xE1 && header.orientation == 1 && segment.length > 6 &&
                   body.starts_with("Exif\0\0", 6, segment.at)) {
          header.orientation = tiff_orientation(part(body, segment.at + 6, segment.length - 6));
        } else if (marker == 0xDA && ++scans > most_scans) {
          refuse("the JPEG has more than %d scans", most_scans);
        }
      },
      [](size_t, size_t) {});
  if (scans == 0) refuse("the JPEG is damaged: it has no picture");
  return header;
}

Header read_webp(Bytes body) {
  Header header;
  body.need(0, 16, "WebP");
  const size_t end = size_t{body.u32le(4)} + 8;
  if (end > body.size + 1) refuse("the WebP is cut short: it ends after %zu bytes of %zu", body.size, end);
  size_t at = 12;
  bool has_picture = false;
  while (at + 8 <= std::min(end, body.size)) {
    const size_t length = body.u32le(at + 4);
    body.need(at + 8, length, "WebP");
    const size_t data = at + 8;
    if (body.starts_with("VP8X", 4, at) && length >= 10) {
      if ((body.data[data] & 0x02) != 0) refuse("the WebP is animated, which isn't read: send its first picture, or a film");
      header.width = int64_t{body.u24le(data + 4)} + 1;
      header.height = int64_t{body.u24le(data + 7)} + 1;
    } else if (body.starts_with("VP8 ", 4, at)) {
      if (length < 10) refuse("the WebP is damaged: its picture is too short");
      const int64_t width = body.u16le(data + 6) & 0x3FFF, height = body.u16le(data + 8) & 0x3FFF;
      if (header.width != 0 && (header.width != width || header.height != height)) {
        refuse("the WebP is damaged: it says two sizes");
      }
      header.width = width;
      header.height = height;
      has_picture = true;
    } else if (body.starts_with("VP8L", 4, at)) {
      if (length < 5 || body.data[data] != 0x2F) refuse("the WebP is damaged: its picture has no header");
      const uint32_t bits = body.u32le(data + 1);
      header.width = (bits & 0x3FFF) + 1;
      header.height = (bits >> 14 & 0x3FFF) + 1;
      has_picture = true;
    } else if (body.starts_with("EXIF", 4, at)) {
      const size_t skip = length > 6 && body.starts_with("Exif\0\0", 6, data) ? 6 : 0;
      header.orientation = tiff_orientation(part(body, data + skip, length - skip));
    }
    at = data + length + (length & 1);
  }
  if (!has_picture) refuse("the WebP is damaged: it has no picture");
  return header;
}

Header read_gif(Bytes body) {
  Header header;
  body.need(0, 13, "GIF");
  header.width = body.u16le(6);
  header.height = body.u16le(8);
  size_t at = 13;
  const auto skip_table = [&](uint8_t flags) {
    if ((flags & 0x80) != 0) at += size_t{3} << ((flags & 7) + 1);
  };
  const auto skip_blocks = [&] {
    for (;;) {
      body.need(at, 1, "GIF");
      const size_t length = body.data[at++];
      if (length == 0) return;
      at += length;
    }
  };
  skip_table(body.data[10]);
  for (;;) {
    body.need(at, 1, "GIF");
    const uint8_t kind = body.data[at++];
    if (kind == 0x21) {
      at++;
      skip_blocks();
    } else if (kind == 0x2C) {
      body.need(at, 9, "GIF");
      const uint8_t flags = body.data[at + 8];
      at += 9;
      skip_table(flags);
      at++;
      skip_blocks();
      return header;
    } else {
      refuse("the GIF is damaged: it has no picture");
    }
  }
}

Header read_bmp(Bytes body) {
  Header header;
  body.need(0, 26, "BMP");
  const uint32_t size = body.u32le(14);
  if (size == 12) {
    header.width = body.u16le(18);
    header.height = body.u16le(20);
    return header;
  }
  header.width = static_cast<int32_t>(body.u32le(18));
  header.height = static_cast<int32_t>(body.u32le(22));
  if (header.height < 0) header.height = -header.height;  // upside down
  return header;
}

Header read_tiff(Bytes body) {
  Header header;
  body.need(0, 8, "TIFF");
  const bool is_little = body.starts_with("II", 2);
  const auto u16 = [&](size_t at) { return is_little ? body.u16le(at) : body.u16be(at); };
  const auto u32 = [&](size_t at) { return is_little ? body.u32le(at) : body.u32be(at); };
  const size_t start = u32(4);
  body.need(start, 2, "TIFF");
  const size_t count = u16(start);
  body.need(start + 2, count * 12, "TIFF");
  for (size_t i = 0; i < count; i++) {
    const size_t entry = start + 2 + i * 12;
    const int tag = u16(entry), type = u16(entry + 2);
    const int64_t value = type == 3 ? u16(entry + 8) : u32(entry + 8);
    if (tag == 256) header.width = value;
    if (tag == 257) header.height = value;
    if (tag == 274 && value >= 1 && value <= 8) header.orientation = static_cast<int>(value);
    if (tag == 259 && (value == 6 || value == 7)) refuse("the TIFF is compressed as JPEG, which isn't read inside TIFF");
    if (tag == 322) refuse("the TIFF is stored in tiles, which aren't read: store it in strips");
  }
  return header;
}

}  // namespace

const char *format_name(Format format) {
  switch (format) {
    case Format::PNG: return "PNG";
    case Format::JPEG: return "JPEG";
    case Format::WebP: return "WebP";
    case Format::GIF: return "GIF";
    case Format::BMP: return "BMP";
    case Format::TIFF: return "TIFF";
    case Format::WAV: return "WAV";
    case Format::FLAC: return "FLAC";
    case Format::MP3: return "MP3";
    case Format::Ogg: return "Ogg";
    case Format::AAC: return "AAC";
    case Format::MP4: return "MP4";
    case Format::Matroska: return "Matroska or WebM";
    case Format::Unknown: break;
  }
  return "unknown";
}

Format format_of(Bytes body) {
  if (body.starts_with("\x89PNG\r\n\x1a\n", 8)) return Format::PNG;
  if (body.starts_with("\xFF\xD8\xFF", 3)) return Format::JPEG;
  if (body.starts_with("RIFF", 4) && body.starts_with("WEBP", 4, 8)) return Format::WebP;
  if (body.starts_with("GIF87a", 6) || body.starts_with("GIF89a", 6)) return Format::GIF;
  if (body.starts_with("II*\0", 4) || body.starts_with("MM\0*", 4)) return Format::TIFF;
  if (body.starts_with("RIFF", 4) && body.starts_with("WAVE", 4, 8)) return Format::WAV;
  if (body.starts_with("fLaC", 4)) return Format::FLAC;
  if (body.starts_with("OggS", 4)) return Format::Ogg;
  if (body.starts_with("\x1A\x45\xDF\xA3", 4)) return Format::Matroska;
  if (body.starts_with("ftyp", 4, 4)) return Format::MP4;
  if (body.starts_with("ID3", 3)) return Format::MP3;
  // Frames without any header before them: eleven or twelve bits in a row, then what layer it is.
  if (body.has(0, 2) && body.data[0] == 0xFF) {
    if ((body.data[1] & 0xF6) == 0xF0) return Format::AAC;
    if ((body.data[1] & 0xE6) == 0xE2) return Format::MP3;
  }
  if (body.starts_with("BM", 2)) return Format::BMP;
  return Format::Unknown;
}

Header read_header(Bytes body, Format format) {
  Header header;
  switch (format) {
    case Format::PNG: header = read_png(body); break;
    case Format::JPEG: header = read_jpeg(body); break;
    case Format::WebP: header = read_webp(body); break;
    case Format::GIF: header = read_gif(body); break;
    case Format::BMP: header = read_bmp(body); break;
    case Format::TIFF: header = read_tiff(body); break;
    default: refuse("the body is no picture that is read");
  }
  header.format = format;
  if (header.width <= 0 || header.height <= 0) {
    refuse("the %s is damaged: a picture of %lldx%lld", format_name(format), static_cast<long long>(header.width),
           static_cast<long long>(header.height));
  }
  return header;
}

std::vector<uint8_t> essential(Bytes body, Format format) {
  std::vector<uint8_t> kept;
  const auto keep = [&](size_t from, size_t to) {
    const size_t before = kept.size();
    kept.resize(before + to - from);
    std::memcpy(kept.data() + before, body.data + from, to - from);
  };
  if (format == Format::PNG) {
    kept.reserve(body.size);
    keep(0, 8);
    walk_png(body, [&](uint32_t type, size_t at, size_t length) {
      switch (type) {
        case 0x49484452:  // IHDR
        case 0x504C5445:  // PLTE
        case 0x74524E53:  // tRNS
        case 0x49444154:  // IDAT
        case 0x49454E44:  // IEND
          keep(at - 8, at + length + 4);
          break;
        default: break;
      }
      return true;
    });
  } else if (format == Format::JPEG) {
    kept.reserve(body.size);
    keep(0, 2);
    walk_jpeg(
        body,
        [&](const Segment &segment) {
          // JFIF and Adobe say what the colours are; all others only describe.
          const bool describes = (segment.marker >= 0xE1 && segment.marker <= 0xEF && segment.marker != 0xEE) ||
                                 segment.marker == 0xFE;
          if (!describes) keep(segment.start, segment.at + segment.length);
        },
        [&](size_t from, size_t to) { keep(from, to); });
    kept.push_back(0xFF);
    kept.push_back(0xD9);
  } else {
    kept.assign(body.data, body.data + body.size);
  }
  return kept;
}

}  // namespace sluice_media
