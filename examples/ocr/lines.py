"""From what the detector sees to what the recogniser reads: finds the lines in a map of how likely each pixel is text,
and cuts each of them out of the page, turned upright, 48 pixels high, all as wide as the widest.

What the maps mean, and how much larger than its map a line is, is PP-OCR's: differentiable binarization (Liao et al.,
2019), where text is shrunk before it is learned, so that lines stay apart.
"""

import numpy as np
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError

LIKELY = 0.3  # a pixel is text
SURE = 0.5  # a line is one: the mean of its pixels
GROWTH = 1.6  # how much of what shrinking took is given back
HEIGHT = 48  # of every line, for the recogniser
NARROWEST = 320  # what the recogniser knows from its training


class Lines:
    inputs = {"image": ("FP32", [1, 3, -1, -1]), "maps": ("FP32", [1, 1, -1, -1])}
    outputs = {"lines": ("FP32", [-1, 3, HEIGHT, -1]), "boxes": ("FP32", [-1, 4, 2])}

    def infer(self, inputs, request):
        page, likely = inputs["image"][0], inputs["maps"][0, 0]
        height, width = page.shape[1:]
        if likely.shape[0] < height or likely.shape[1] < width:
            raise ValueError(f"the map is {likely.shape}, but the page is {page.shape[1:]}")
        likely = likely[:height, :width]  # what is no multiple of 32 the detector fills up
        boxes = in_reading_order(find(likely))
        cut = [cut_out(page, box) for box in boxes]
        widest = max([NARROWEST] + [line.shape[2] for line in cut])
        lines = np.zeros((len(cut), 3, HEIGHT, widest), np.float32)
        for row, line in zip(lines, cut):
            row[:, :, : line.shape[2]] = line
        return {"lines": lines, "boxes": np.array(boxes, np.float32).reshape(-1, 4, 2)}


def find(likely):
    """The boxes of all lines, each as its four corners (x, y), clockwise from the top left."""
    labels, _ = ndimage.label(likely > LIKELY, np.ones((3, 3)))
    boxes = []
    for label, place in enumerate(ndimage.find_objects(labels), 1):
        rows, columns = np.nonzero(labels[place] == label)
        points = np.stack([columns + place[1].start, rows + place[0].start], axis=1).astype(np.float64)
        if likely[place][rows, columns].mean() < SURE:
            continue
        box = smallest_box(points)
        if box is not None:
            boxes.append(box)
    return boxes


def smallest_box(points):
    """The rectangle around points that has the smallest area, grown; `None` where that is no line."""
    try:
        hull = points[ConvexHull(points).vertices]
    except QhullError:  # all on one line
        return None
    # One of its sides lies along a side of the hull.
    sides = np.roll(hull, -1, axis=0) - hull
    angles = np.arctan2(sides[:, 1], sides[:, 0])
    best = min((extent(hull, angle) for angle in angles), key=lambda box: box[0])
    _, along, across, low, high = best
    width, height = high - low
    if min(width, height) < 3:
        return None
    grown = width * height * GROWTH / (2 * (width + height))
    low, high = low - grown, high + grown
    corners = [(low[0], low[1]), (high[0], low[1]), (high[0], high[1]), (low[0], high[1])]
    return np.array([x * along + y * across for x, y in corners])


def extent(hull, angle):
    """How far points reach along an angle and across it; text runs to the right, whatever the side of the hull did."""
    angle = (angle + np.pi / 4) % (np.pi / 2) - np.pi / 4
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-along[1], along[0]])
    places = np.stack([hull @ along, hull @ across], axis=1)
    low, high = places.min(axis=0), places.max(axis=0)
    return np.prod(high - low), along, across, low, high


def in_reading_order(boxes):
    """From top to bottom; what stands beside each other, from left to right."""
    rows = []
    for box in sorted(boxes, key=lambda box: box[:, 1].mean()):
        middle, half = box[:, 1].mean(), np.ptp(box[[0, 3], 1]) / 2
        if rows and middle - rows[-1][0][:, 1].mean() < half:
            rows[-1].append(box)
        else:
            rows.append([box])
    return [box for row in rows for box in sorted(row, key=lambda box: box[0, 0])]


def cut_out(page, box):
    """A line of the page, FP32[3, 48, width]."""
    top_left, top_right, _, bottom_left = box
    width, height = np.linalg.norm(top_right - top_left), np.linalg.norm(bottom_left - top_left)
    pixels = max(round(HEIGHT * width / height), 1)
    right, down = (np.arange(pixels) + 0.5) / pixels, (np.arange(HEIGHT) + 0.5) / HEIGHT
    grid = [
        top_left[axis]
        + right[None, :] * (top_right - top_left)[axis]
        + down[:, None] * (bottom_left - top_left)[axis]
        for axis in (1, 0)
    ]
    return np.stack([ndimage.map_coordinates(colour, grid, order=1, mode="nearest") for colour in page])
