"""The tests of large frameworks use the gateway of the clients' tests."""

import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "Clients"))
