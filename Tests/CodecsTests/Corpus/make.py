"""Writes the npy and csv files of this corpus with NumPy and pandas: `/usr/bin/python3 make.py` in this folder.

The tests know what the files hold: element i of a numeric array, in row-major order, is i - 3 (unsigned: i).
"""
import io
import numpy as np
import pandas as pd


def save(name, array, version=None):
    with open(f"npy/{name}.npy", "wb") as file:
        np.lib.format.write_array(file, array, version=version, allow_pickle=array.dtype == object)


values = np.arange(6).reshape(2, 3)
for code in ["u1", "u2", "u4", "u8"]:
    save(code, values.astype("<" + code))
for code in ["i1", "i2", "i4", "i8", "f2", "f4", "f8"]:
    save(code, (values - 3).astype("<" + code))
save("b1", values % 2 == 1)
for code in ["u2", "u4", "u8"]:
    save("big_" + code, values.astype(">" + code))
for code in ["i2", "i4", "i8", "f2", "f4", "f8"]:
    save("big_" + code, (values - 3).astype(">" + code))
save("fortran_f8", np.asfortranarray((values - 3).astype("<f8")))
save("fortran_big_i4", np.asfortranarray((values - 3).astype(">i4")))
save("fortran_3d_i4", np.asfortranarray((np.arange(24).reshape(2, 3, 4) - 3).astype("<i4")))
save("scalar_f8", np.array(-3.0))
save("empty_f4", np.zeros((0, 3), "<f4"))
save("v2_f4", (values - 3).astype("<f4"), version=(2, 0))
save("v3_f4", (values - 3).astype("<f4"), version=(3, 0))
save("text", np.array(["setosa", "größe", "日本", ""]))
save("big_text", np.array(["setosa", "größe", "日本", ""]).astype(">U6"))
save("bytes", np.array([b"setosa", b"a\x00b", b"\xff", b""]))
save("object", np.array([1, "a", None], dtype=object))
save("complex", np.array([1 + 2j]))
save("date", np.array(["2026-01-01"], dtype="M8[D]"))
save("struct", np.array([(1, 2.0)], dtype=[("a", "<i4"), ("b", "<f8")]))

rng = np.random.default_rng(7)
iris = pd.DataFrame(
    rng.normal(5, 2, (5, 4)).round(2), columns=["sepal_length", "sepal_width", "petal_length", "petal_width"]
)
iris.to_csv("csv/iris.csv", index=False)
iris.to_csv("csv/iris_index.csv")
iris.to_csv("csv/iris_crlf_bom.csv", index=False, lineterminator="\r\n", encoding="utf-8-sig")
iris.to_csv("csv/iris_no_header.csv", index=False, header=False)
np.savetxt("csv/iris_savetxt.csv", iris.to_numpy(), delimiter=",")
pd.DataFrame({"text": ["plain", "a, b", 'say "hi"', "two\nlines", "", "größe"]}).to_csv("csv/quoted.csv", index=False)
pd.DataFrame({"X_0": [1.5, np.nan], "X_1": [np.inf, -np.inf]}).to_csv("csv/non_finite.csv", index=False, na_rep="nan")
iris.to_xml("xml/iris.xml", index=False, parser="etree")
