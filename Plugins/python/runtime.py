"""What the Python plugin runs around a model; models see it as the module `sluice`.

The C++ side hands every request to `_Model.run` and offers `_respond`, `_is_cancelled` and `_log`, which are in this
module's names already when it is executed. Python 3.9 is the oldest that runs it.
"""

import gc
import importlib.util
import inspect
import io
import itertools
import json
import linecache
import os
import sys
import threading
import traceback
import weakref

try:
    import numpy as np
except ImportError as missing:
    raise ImportError(
        f"NumPy can't be imported by {sys.executable} ({missing}); "
        f"install it: {sys.executable} -m pip install numpy"
    ) from None

# Statuses for Error, the same as gRPC's.
INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, RESOURCE_EXHAUSTED = 3, 4, 5, 8
FAILED_PRECONDITION, OUT_OF_RANGE, UNIMPLEMENTED, INTERNAL, UNAVAILABLE = 9, 11, 12, 13, 14

DEBUG, INFO, WARN, ERROR = range(4)


class Error(Exception):
    """A failure whose text is for the caller, with a status of its own."""

    def __init__(self, message, code=INTERNAL):
        super().__init__(message)
        self.code = code


# Data types: DLPack's code and bits, and NumPy's name.
_TYPES = {
    "BOOL": (6, 8, "bool"),
    "UINT8": (1, 8, "uint8"),
    "UINT16": (1, 16, "uint16"),
    "UINT32": (1, 32, "uint32"),
    "UINT64": (1, 64, "uint64"),
    "INT8": (0, 8, "int8"),
    "INT16": (0, 16, "int16"),
    "INT32": (0, 32, "int32"),
    "INT64": (0, 64, "int64"),
    "FP16": (2, 16, "float16"),
    "BF16": (4, 16, "bfloat16"),
    "FP32": (2, 32, "float32"),
    "FP64": (2, 64, "float64"),
    "BYTES": (200, 8, "object"),
}
_NAMES = {(code, bits): name for name, (code, bits, _) in _TYPES.items()}


def _numpy_type(datatype):
    if datatype == "BF16":
        try:
            import ml_dtypes
        except ImportError:
            raise ImportError("BF16 tensors need the package ml_dtypes, as NumPy has no such type") from None
        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(_TYPES[datatype][2])


class _Spec:
    """One declared tensor."""

    def __init__(self, name, datatype, shape):
        self.name, self.datatype, self.shape = name, datatype, shape
        self.numpy_type = _numpy_type(datatype)

    @property
    def form(self):
        code, bits, _ = _TYPES[self.datatype]
        return (self.name, code, bits, self.shape)

    def check(self, code, bits, shape, batches):
        """The host has checked it; another host may not have, and a wrong type would be read as numbers it isn't."""
        if (code, bits) != _TYPES[self.datatype][:2]:
            raise ValueError(f"{self.name} is {_NAMES.get((code, bits))}, and {self.datatype} is declared")
        if self.shape is None:
            return
        own = shape[1:] if batches else shape
        if len(own) != len(self.shape) or any(size not in (-1, given) for size, given in zip(self.shape, own)):
            raise ValueError(f"{self.name} has the shape {list(shape)}, and {list(self.shape)} is declared")


def _specs(what, declared):
    """`{name: (datatype, shape)}`, `{name: datatype}` or a list of `{name, datatype, shape}` as specs."""
    if isinstance(declared, dict):
        entries = [
            {"name": name, "datatype": value} if isinstance(value, str)
            else {"name": name, **value} if isinstance(value, dict)
            else {"name": name, "datatype": value[0], "shape": value[1]}
            for name, value in declared.items()
        ]
    else:
        entries = [dict(entry) for entry in declared]
    specs = []
    for entry in entries:
        unknown = entry.keys() - {"name", "datatype", "shape"}
        if unknown or "name" not in entry or "datatype" not in entry:
            raise ValueError(f'{what}: write a tensor as "name": ("FP32", [-1, 4])')
        name, datatype, shape = entry["name"], entry["datatype"], entry.get("shape")
        if datatype not in _TYPES:
            raise ValueError(f"{what}: {name} has the data type {datatype!r}; there are {', '.join(_TYPES)}")
        if shape is not None:
            shape = tuple(int(size) for size in shape)
            if any(size < -1 for size in shape):
                raise ValueError(f"{what}: {name} has the shape {list(shape)}; -1 is any size")
        specs.append(_Spec(str(name), datatype, shape))
    return specs


class Request:
    """What a model may know of a request besides its tensors."""

    __slots__ = (
        "id", "deadline_ns", "params", "wanted", "sequence_id", "sequence_start", "sequence_end", "priority",
        "subject_id", "weight", "_handle",
    )  # fmt: skip

    def __init__(self, handle, facts):
        self._handle = handle
        (
            self.id, self.deadline_ns, params, self.wanted, self.sequence_id, flags, self.priority, self.subject_id,
            self.weight,
        ) = facts  # fmt: skip
        self.params = dict(params)
        self.sequence_start, self.sequence_end = bool(flags & 1), bool(flags & 2)

    @property
    def cancelled(self):
        """Whether the caller has gone: a model that works for long looks at it and returns early."""
        return _is_cancelled(self._handle)  # noqa: F821


# Which model's log a thread's print() goes to.
_current = threading.local()
_first_log = None


class _LogStream(io.TextIOBase):
    """Stands in for stdout and stderr, which belong to the gateway."""

    def __init__(self, level):
        self._level = level
        self._part = threading.local()

    def writable(self):
        return True

    def write(self, text):
        lines = (getattr(self._part, "text", "") + text).split("\n")
        self._part.text = lines.pop()
        log = getattr(_current, "log", None) or _first_log
        for line in lines:
            if line.strip() and log:
                log(self._level, line)
        return len(text)

    def flush(self):
        if getattr(self._part, "text", ""):
            self.write("\n")


def _loader(path, options):
    """The model object of a file: the user's class, or scikit-learn's estimator."""
    suffix = os.path.splitext(path)[1].lower()
    if suffix == ".py":
        for key in ("trusted", "datatype"):
            if key in options:
                raise ValueError(f"config.{key} is for scikit-learn files, and {os.path.basename(path)} is Python code")
        return _user_model(path, options.get("class"))
    if suffix in (".joblib", ".pkl", ".pickle", ".skops"):
        for key in ("class", "settings"):
            if key in options:
                raise ValueError(f"config.{key} is for model.py files, and {os.path.basename(path)} is scikit-learn's")
        return _estimator(path, options.get("trusted"), options.get("datatype"))  # noqa: F821
    raise ValueError(f"config.file: {os.path.basename(path)} is none of .py, .joblib, .pkl and .skops")


_MODULE = "sluice_model_"


def _user_model(path, wanted):
    # A name is used again once its model has gone: Python never forgets the text of one.
    name = next(name for name in map(f"{_MODULE}{{}}".format, itertools.count()) if name not in sys.modules)
    folder = os.path.dirname(path)
    if folder not in sys.path:
        sys.path.append(folder)
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    classes = {
        name: value
        for name, value in vars(module).items()
        if inspect.isclass(value) and value.__module__ == spec.name and callable(getattr(value, "infer", None))
    }
    file = os.path.basename(path)
    if wanted is not None:
        if wanted not in classes:
            raise ValueError(f"config.class: {file} has no class {wanted} with infer(self, inputs, request)")
        return classes[wanted]()
    if len(classes) != 1:
        found = f"several: {', '.join(sorted(classes))}; choose by config.class" if classes else "none"
        raise ValueError(f"{file} should have one class with infer(self, inputs, request), and has {found}")
    return next(iter(classes.values()))()


class _Model:
    """A loaded model: the user's object, what it declares, and every call into it."""

    # From this size on an input is a view of the host's memory instead of a copy.
    VIEW_FROM = 64 * 1024
    # So many requests are watched on copies first: a model that keeps its inputs is never given views.
    WATCHED = 4

    def __init__(self, user, log, copy_inputs):
        self.user, self.log = user, log
        self.watched = 0
        self.copies = copy_inputs
        declared = user.describe() if callable(getattr(user, "describe", None)) else {}

        def fact(name, default):
            return declared.get(name, getattr(user, name, default))

        kind = type(user).__name__
        self.inputs, self.outputs = (
            _specs(f"{kind}.{what}", self._required(kind, what, fact(what, None))) for what in ("inputs", "outputs")
        )
        self.declared = {spec.name: spec for spec in self.inputs}
        batching = fact("batching", "none")
        if batching not in ("none", "concat"):
            raise ValueError(f"{kind}.batching is {batching!r}; it is none or concat")
        self.batches = batching == "concat"
        self.streams = bool(fact("streams", inspect.isgeneratorfunction(user.infer)))
        flags = (
            (1 if self.streams else 0)
            | (2 if fact("learn_exclusive", True) and self.learns else 0)
            | (8 if fact("sequences", False) else 0)
            | (16 if fact("no_retry", False) else 0)
            | (32 if fact("deterministic", False) else 0)
        )
        self.description = {
            "inputs": [spec.form for spec in self.inputs],
            "outputs": [spec.form for spec in self.outputs],
            "batching": 1 if batching == "concat" else 0,
            "max_batch_rows": int(fact("max_batch_rows", 0)),
            "max_concurrency": int(fact("max_concurrency", 1)),
            "memory_bytes": int(fact("memory_bytes", 0)),
            "flags": flags,
            "platform": str(fact("platform", "python")),
            "metadata": [(str(key), str(value)) for key, value in dict(fact("metadata", {})).items()],
        }

    @staticmethod
    def _required(kind, what, declared):
        if not declared:
            raise ValueError(f'{kind} declares no {what}: write {what} = {{"x": ("FP32", [-1, 4])}}, or a describe()')
        return declared

    @property
    def learns(self):
        return callable(getattr(self.user, "learn", None))

    def warm_up(self):
        if callable(getattr(self.user, "warmup", None)):
            self._guarded("warmup", self.user.warmup)

    def unload(self):
        if callable(getattr(self.user, "unload", None)):
            try:
                self.user.unload()
            except Exception:
                self.log(ERROR, "unload() failed\n" + traceback.format_exc())
        module = sys.modules.get(type(self.user).__module__)
        if module is not None and module.__name__.startswith(_MODULE):
            del sys.modules[module.__name__]
            linecache.checkcache(module.__file__)
        self.user = None
        del module
        gc.collect()

    def _guarded(self, what, function, *arguments):
        _current.log = self.log
        try:
            return function(*arguments)
        except Exception as error:
            self.log(ERROR, f"{what}() failed\n{traceback.format_exc()}")
            raise RuntimeError(_explained(error)) from None

    def run(self, is_learn, handle, tensors, labels, facts):
        """Answers one request; `(status, text)` where it failed, which the C++ side sends."""
        _current.log = self.log
        views = []
        try:
            if is_learn and not self.learns:
                return (UNIMPLEMENTED, f"{type(self.user).__name__} has no learn()")
            request = Request(handle, facts)
            inputs = {entry[0]: self._array(entry, views, self.declared.get(entry[0])) for entry in tensors}
            if len(inputs) != len(self.declared):
                raise ValueError(f"inputs are {', '.join(self.declared)}, and {', '.join(inputs) or 'none'} came")
            if is_learn:
                truth = {entry[0]: self._array(entry, views, None) for entry in labels}
                result = self.user.learn(inputs, truth, request)
                del truth
                outputs = [] if result is None else self._outputs(result, request.wanted, views, partly=True)
            else:
                result = self.user.infer(inputs, request)
                if inspect.isgenerator(result):
                    outputs = self._stream(result, request, views)
                else:
                    outputs = self._outputs(result, request.wanted, views, partly=self.streams)
            del result
            inputs.clear()
            del inputs
            self._give_back(views)
            _respond(handle, outputs, True)  # noqa: F821
            return None
        except Error as error:
            self.log(WARN, f"request {facts[0]}: {error}")
            return (error.code, str(error))
        except ValueError as error:
            self.log(WARN, f"request {facts[0]} refused\n{traceback.format_exc()}")
            return (INVALID_ARGUMENT, str(error))
        except MemoryError:
            self.log(ERROR, f"request {facts[0]}: out of memory\n{traceback.format_exc()}")
            return (RESOURCE_EXHAUSTED, "the model ran out of memory")
        except BaseException as error:  # SystemExit too: nothing that a model does may end the process
            self.log(ERROR, f"request {facts[0]} failed\n{traceback.format_exc()}")
            return (INTERNAL, f"the model failed with {type(error).__name__}; its log says where")
        finally:
            # After a failure the frames have gone, and with them what they kept.
            inputs = result = truth = None
            self._give_back(views)

    def _stream(self, parts, request, views):
        if not self.streams:
            raise Error("infer() answers in parts, and its class does not say streams = True")
        try:
            for part in parts:
                outputs = self._outputs(part, request.wanted, views, partly=True)
                if not _respond(request._handle, outputs, False):  # noqa: F821
                    break
        finally:
            parts.close()
        return []

    def _array(self, entry, views, spec):
        name, code, bits, shape, data = entry
        if spec is not None:
            spec.check(code, bits, shape, self.batches)
        if isinstance(data, list):
            array = np.empty(len(data), dtype=object)
            array[:] = data
            return array.reshape(shape)
        dtype = spec.numpy_type if spec is not None else _numpy_type(_NAMES[code, bits])
        if len(data) < self.VIEW_FROM:
            array = np.frombuffer(bytes(data), dtype).reshape(shape) if len(data) else np.zeros(shape, dtype)
            array.flags.writeable = False
            return array
        root = np.frombuffer(bytes(data) if self.copies or self.watched < self.WATCHED else data, dtype)
        views.append(weakref.ref(root))  # every array that is made of it keeps it alive
        return root.reshape(shape)

    def _give_back(self, views):
        """Ends the views of request memory, and sees to it that a model which keeps them gets none again."""
        kept = any(view() is not None for view in views)
        if kept:
            gc.collect()  # a reference cycle may keep what the model has forgotten
            kept = any(view() is not None for view in views)
        if kept and not self.copies:
            self.copies = True
            self.log(WARN, "infer() keeps its input arrays, so it gets copies from now on; keep np.array(x) instead")
        if views and not kept:
            self.watched += 1
        views.clear()

    def _outputs(self, result, wanted, views, partly):
        if not isinstance(result, dict):
            if len(self.outputs) == 1:
                result = {self.outputs[0].name: result}
            elif isinstance(result, (tuple, list)) and len(result) == len(self.outputs):
                result = {spec.name: value for spec, value in zip(self.outputs, result)}
            else:
                raise Error(f"infer() should answer a dict with {', '.join(spec.name for spec in self.outputs)}")
        outputs = []
        for spec in self.outputs:
            if spec.name not in result:
                if partly or (wanted and spec.name not in wanted):
                    continue
                raise Error(f"infer() answered no {spec.name!r}")
            if not wanted or spec.name in wanted:
                outputs.append(_form(spec, result[spec.name], views))
        unknown = result.keys() - {spec.name for spec in self.outputs}
        if unknown:
            raise Error(f"infer() answered {sorted(map(str, unknown))[0]!r}, which is no declared output")
        return outputs


def _form(spec, value, views):
    """An output as the C++ side takes it: name, code, bits, shape, bytes, offsets."""
    code, bits, _ = _TYPES[spec.datatype]
    if spec.datatype == "BYTES":
        array = np.asarray(value, dtype=object)
        pieces = [_bytes(spec, piece) for piece in array.reshape(-1)]
        offsets = np.zeros(len(pieces) + 1, np.int64)
        np.cumsum([len(piece) for piece in pieces], out=offsets[1:])
        return (spec.name, code, bits, array.shape, b"".join(pieces), offsets)
    array = np.asarray(value)
    if array.dtype != spec.numpy_type:
        array = _converted(spec, array)
    array = np.asarray(array, order="C")
    for view in views:
        # The host takes outputs over, and the request's own memory is not for giving away.
        root = view()
        if root is not None and np.may_share_memory(array, root):
            array = array.copy()
    return (spec.name, code, bits, array.shape, array.reshape(-1).view(np.uint8) if array.size else b"", None)


def _bytes(spec, piece):
    if isinstance(piece, str):
        return piece.encode()
    if isinstance(piece, (bytes, bytearray, memoryview)):
        return bytes(piece)
    raise Error(f"output {spec.name!r} is BYTES, which takes str or bytes, not {type(piece).__name__}")


def _converted(spec, array):
    """`array` as the declared type, where no value changes by more than its precision."""
    whole = "iu"
    if array.dtype.kind in whole and spec.numpy_type.kind in whole and array.size:
        bounds = np.iinfo(spec.numpy_type)
        if int(array.min()) >= bounds.min and int(array.max()) <= bounds.max:
            return array.astype(spec.numpy_type)
    elif not array.size or np.can_cast(array.dtype, spec.numpy_type, "same_kind"):
        return array.astype(spec.numpy_type)
    raise Error(f"output {spec.name!r} is {array.dtype}, and {spec.datatype} is declared")


def _explained(error):
    """One line for who reads the gateway's log: what, and where in their own file."""
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<")]
    if frames:
        text += f" ({os.path.basename(frames[-1].filename)}, line {frames[-1].lineno})"
    return text


def _load(path, config, log):
    """Loads a model; what goes wrong is raised as one line of text, with the traceback in the log."""
    global _first_log
    if _first_log is None:
        _first_log = log
        sys.stdout, sys.stderr = _LogStream(INFO), _LogStream(WARN)
        sys.dont_write_bytecode = True  # the folder of a model is not ours to write into
    _current.log = log
    try:
        options = json.loads(config)
        if not os.path.isfile(path):
            raise FileNotFoundError(f"config.file: there is no file {path}")
        user = _loader(path, options)
        if callable(getattr(user, "load", None)):
            user.load(options.get("settings") or {})
        return _Model(user, log, bool(options.get("copy_inputs")) and options["copy_inputs"] != "false")
    except BaseException as error:
        log(ERROR, "load failed\n" + traceback.format_exc())
        raise RuntimeError(_explained(error)) from None
