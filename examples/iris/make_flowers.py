"""Writes a dozen flowers of Fisher's iris data set, as scikit-learn ships it, beside this file: the same measurements
as CSV, JSON, XML and npy. The species are left out: the model is asked for them.

    make_flowers.py
"""

import json
import pathlib
import xml.etree.ElementTree as ElementTree

import numpy as np
from sklearn.datasets import load_iris

COLUMNS = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
# Four of each species; 70, 77 and 106 are among those that classifiers take for another species.
ROWS = [0, 15, 22, 41, 50, 70, 77, 98, 106, 118, 131, 149]


def main():
    folder = pathlib.Path(__file__).parent
    flowers = load_iris().data[ROWS]

    lines = [",".join(COLUMNS), *(",".join(str(value) for value in flower) for flower in flowers.tolist())]
    (folder / "flowers.csv").write_text("\n".join(lines) + "\n")

    records = [dict(zip(COLUMNS, flower)) for flower in flowers.tolist()]
    text = ",\n".join("  " + json.dumps(record) for record in records)
    (folder / "flowers.json").write_text(f"[\n{text}\n]\n")

    root = ElementTree.Element("flowers")
    for record in records:
        flower = ElementTree.SubElement(root, "flower")
        for name, value in record.items():
            ElementTree.SubElement(flower, name).text = str(value)
    ElementTree.indent(root)
    ElementTree.ElementTree(root).write(folder / "flowers.xml", encoding="utf-8", xml_declaration=True)
    with open(folder / "flowers.xml", "a") as file:
        file.write("\n")

    np.save(folder / "flowers.npy", flowers.astype(np.float32))


if __name__ == "__main__":
    main()
