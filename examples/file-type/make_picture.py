"""Writes picture.png beside this file: a sluice gate's worth of blue, 64 by 64 pixels.

make_picture.py
"""

import pathlib
import struct
import zlib

SIZE = 64


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def main():
    rows = bytearray()
    for y in range(SIZE):
        rows.append(0)  # no filter
        for x in range(SIZE):
            gate = y < SIZE // 2 and x % 16 < 3
            rows += bytes((90, 60, 30)) if gate else bytes((20, 60 + 2 * y, 255 - x))
    header = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 2, 0, 0, 0)  # 8 bits, RGB
    png = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(rows), 9))
        + chunk(b"IEND", b"")
    )
    pathlib.Path(__file__).with_name("picture.png").write_bytes(png)


if __name__ == "__main__":
    main()
