"""From what the recogniser says of each column of a line to its text: the likeliest letter of each, where the same one
again is no other letter, and the first of all letters is none (CTC)."""

import numpy as np
import onnx


class Text:
    inputs = {"letters": ("FP32", [-1, -1, -1])}
    outputs = {"text": ("BYTES", [-1]), "confidence": ("FP32", [-1])}

    def load(self, config):
        # The recogniser's own file has its letters, one on a line; the blank is before them, a space after them.
        model = onnx.load(config["letters_of"], load_external_data=False)
        (letters,) = [entry.value for entry in model.metadata_props if entry.key == "character"]
        self.letters = np.array(["", *letters.split("\n"), " "], dtype=object)

    def infer(self, inputs, request):
        likely = inputs["letters"]
        if likely.shape[2] != len(self.letters):
            raise ValueError(f"there are {likely.shape[2]} letters, but the recogniser knows {len(self.letters)}")
        best, sure = likely.argmax(axis=2), likely.max(axis=2)
        kept = best != 0
        kept[:, 1:] &= best[:, 1:] != best[:, :-1]
        text = ["".join(self.letters[row[keep]]) for row, keep in zip(best, kept)]
        confidence = [row[keep].mean() if keep.any() else 0.0 for row, keep in zip(sure, kept)]
        return {
            "text": np.array([line.encode() for line in text], dtype=object),
            "confidence": np.array(confidence, np.float32),
        }
