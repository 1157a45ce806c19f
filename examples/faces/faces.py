"""From what the detector says of 896 places in each picture to where its faces are.

What the numbers mean is BlazeFace's (Bazarevsky et al., 2019), as MediaPipe runs it: each place has a score, and a box beside
it in pixels of the picture of 128 x 128 that the detector sees. Boxes that overlap are one face.
"""

import numpy as np

SIDE = 128  # of what the detector sees
SURE = 0.5  # a place has a face
SAME = 0.3  # two boxes are one face: how much of both they share


def places():
    """The middles of the 896 places, as shares of the picture: two to each of 16 x 16 cells, and six to each of 8 x 8."""
    found = []
    for cells, count in ((16, 2), (8, 6)):
        rows, columns = np.divmod(np.arange(cells * cells), cells)
        found.append(np.repeat((np.stack([columns, rows], axis=1) + 0.5) / cells, count, axis=0))
    return np.concatenate(found)


PLACES = places()


class Faces:
    inputs = {"boxes": ("FP32", [-1, 896, 16]), "logits": ("FP32", [-1, 896, 1])}
    outputs = {"score": ("FP32", [-1]), "faces": ("INT32", [-1]), "box": ("FP32", [-1, 4])}

    def infer(self, inputs, request):
        """For each picture the best score, how many faces there are, and the best one's box: left, top, width, height."""
        scores = 1 / (1 + np.exp(-np.clip(inputs["logits"][:, :, 0], -100, 100)))
        boxes = np.array([to_boxes(raw) for raw in inputs["boxes"]]).reshape(-1, 896, 4)
        found = [distinct(boxes[i], scores[i]) for i in range(len(scores))]
        best = [boxes[i, kept[0]] if kept else np.zeros(4) for i, kept in enumerate(found)]
        return {
            "score": scores.max(axis=1).astype(np.float32),
            "faces": np.array([len(kept) for kept in found], np.int32),
            "box": np.array(best, np.float32).reshape(-1, 4),
        }


def to_boxes(raw):
    """Left, top, width and height as shares of the picture."""
    size = raw[:, 2:4] / SIDE
    return np.concatenate([raw[:, :2] / SIDE + PLACES - size / 2, size], axis=1)


def distinct(boxes, scores):
    """The places of faces, the surest first: of boxes that overlap the surest alone."""
    kept = []
    for i in np.argsort(-scores, kind="stable"):
        if scores[i] < SURE:
            break
        if all(shared(boxes[i], boxes[other]) < SAME for other in kept):
            kept.append(i)
    return kept


def shared(a, b):
    """The area of both over that of either."""
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[:2] + a[2:], b[:2] + b[2:])
    both = np.prod(np.maximum(high - low, 0))
    return both / (np.prod(a[2:]) + np.prod(b[2:]) - both)
