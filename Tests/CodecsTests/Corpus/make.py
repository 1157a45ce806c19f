"""Writes the files of this corpus that other libraries make: `python3 make.py` in this folder, where NumPy, pandas, lxml,
safetensors, onnx, pyarrow and ml_dtypes are installed.

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


def corpus_of_tensors():
    """The formats of several tensors."""
    import pathlib

    import ml_dtypes
    import onnx
    import pyarrow as pa
    import safetensors.numpy
    from onnx import numpy_helper

    for folder in ["npz", "safetensors", "tensorproto", "arrow"]:
        pathlib.Path(folder).mkdir(exist_ok=True)
    types = ["u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8"]
    numbers = {code: (values - (3 if code[0] != "u" else 0)).astype("<" + code) for code in types}
    numbers["b1"] = values % 2 == 1
    numbers["bf16"] = (values - 3).astype(ml_dtypes.bfloat16)
    texts = np.array(["setosa", "größe", "日本", ""])

    # Safetensors and npz: every type in one file, and the three inputs of a model.
    safetensors.numpy.save_file(numbers, "safetensors/types.safetensors", metadata={"made": "by a test"})
    people = {"age": np.array([41, 7], "i1"), "height": np.array([[1.8], [1.2]])}
    safetensors.numpy.save_file({"X": (values - 3).astype("f8")}, "safetensors/x.safetensors")
    safetensors.numpy.save_file(people, "safetensors/people.safetensors")
    people["name"] = np.array(["Ann", "Bo"])
    np.savez("npz/people.npz", **people)
    np.savez_compressed("npz/people_deflated.npz", **people)
    np.savez("npz/unnamed.npz", values - 3)
    np.savez_compressed("npz/x_large.npz", X=np.zeros((1000, 3)))

    # TensorProtos: each type as raw_data and in its own field.
    for code, array in numbers.items():
        raw = numpy_helper.from_array(array, "X")
        with open(f"tensorproto/{code}_raw.pb", "wb") as file:
            file.write(raw.SerializeToString())
        if code == "bf16":
            typed = onnx.helper.make_tensor("X", onnx.TensorProto.BFLOAT16, array.shape, array.astype("f4").ravel())
        else:
            typed = onnx.helper.make_tensor("X", raw.data_type, array.shape, array.ravel())
        with open(f"tensorproto/{code}_typed.pb", "wb") as file:
            file.write(typed.SerializeToString())
    with open("tensorproto/text.pb", "wb") as file:
        file.write(onnx.helper.make_tensor("X", onnx.TensorProto.STRING, (4,), [t.encode() for t in texts]).SerializeToString())

    # Arrow: columns of every kind, two batches, and what models don't take.
    def stream(name, table, batch=None, file=False):
        make = pa.ipc.new_file if file else pa.ipc.new_stream
        with make(f"arrow/{name}.arrow{'' if file else 's'}", table.schema) as writer:
            writer.write_table(table, max_chunksize=batch)

    for code, array in numbers.items():
        if code != "bf16":
            columns = {f"X_{i}": pa.array(array[:, i]) for i in range(3)}
            stream(code, pa.table(columns))
    table = pa.table(
        {
            "when": pa.array([0, 1, 2], pa.timestamp("s")),
            "name": pa.array(["Ann", "Bo", "größe"]),
            "tags": pa.array([["a"], [], ["b", "c"]]),
            "height": pa.array([1.8, 1.2, 0.5]),
            "age": pa.array([41, 7, 1], pa.int64()),
        }
    )
    stream("people", table)
    stream("people_batches", table, batch=1)
    stream("people_file", table, batch=2, file=True)
    stream("people_dictionary", table.set_column(1, "name", table["name"].dictionary_encode()))
    stream("people_large", table.set_column(1, "name", table["name"].cast(pa.large_string())))
    stream("fixed_list", pa.table({"X": pa.FixedSizeListArray.from_arrays(pa.array(range(6), pa.float64()), 3)}))
    stream("list", pa.table({"X": pa.array([[0.0, 1, 2], [3, 4, 5]])}), batch=1)
    stream("nested_list", pa.table({"X": pa.array([[[0, 1], [2, 3]], [[4, 5], [6, 7]]], pa.list_(pa.list_(pa.int16(), 2), 2))}))
    stream("tensor", pa.table({"X": pa.FixedShapeTensorArray.from_numpy_ndarray(np.arange(8, dtype="f4").reshape(2, 2, 2))}))
    stream("nulls", pa.table({"X_0": pa.array([1.0, None, 3.0]), "X_1": pa.array([4.0, 5.0, None])}))
    stream("bools", pa.table({"X": pa.array([True, False] * 5)}))
    stream("binary", pa.table({"X": pa.array([b"a", b"\xff\x00", b""])}))
    with pa.ipc.new_stream("arrow/compressed.arrows", table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as w:
        w.write_table(table)
    views = pa.table({"other": pa.array(["x" * 40, "y", "z"], pa.string_view()), "X": pa.array([1.5, 2.5, 3.5])})
    stream("views", views)


corpus_of_tensors()
