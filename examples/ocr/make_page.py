"""Draws page.txt as page.png, so that what is to be read is known: black on white, a little turned, in the face that
Pillow brings along (Aileron, CC0).

    make_page.py TEXT.txt OUTPUT.png
"""

import pathlib
import sys

from PIL import Image, ImageDraw, ImageFont

SIZE = (960, 448)
MARGIN = 60


def draw(text):
    page = Image.new("L", SIZE, 250)
    pen = ImageDraw.Draw(page)
    title, *lines = [line for line in text.splitlines() if line]
    pen.text((MARGIN, 50), title, fill=20, font=ImageFont.load_default(44))
    body = ImageFont.load_default(32)
    for number, line in enumerate(lines):
        pen.text((MARGIN, 140 + 46 * number), line, fill=20, font=body)
    # Nobody lays a page on a scanner quite straight.
    return page.rotate(-0.7, Image.Resampling.BICUBIC, fillcolor=250).quantize(16)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    source, output = map(pathlib.Path, sys.argv[1:])
    draw(source.read_text()).save(output, optimize=True)
    print(f"{output}: {output.stat().st_size} bytes")
