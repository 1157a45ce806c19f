"""Trains a classifier of handwritten digits and writes it as scikit-learn users do: python train.py FILE."""

import sys

import joblib
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

# The rows that run.sh sends are none of those that are trained on.
HELD_OUT = slice(1700, 1797)


def train():
    digits = load_digits()
    return make_pipeline(StandardScaler(), SVC(C=5)).fit(digits.data[: HELD_OUT.start], digits.target[: HELD_OUT.start])


if __name__ == "__main__":
    joblib.dump(train(), sys.argv[1])
