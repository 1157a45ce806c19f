"""scikit-learn's files as models: executed in the same module as runtime.py, at the first such file."""

import os
import warnings


def _open_estimator(path, trusted):
    # In a sandbox it finds no semaphores, and says so; predicting needs none.
    warnings.filterwarnings("ignore", message=".*joblib will operate in serial mode")
    try:
        import joblib
        import sklearn  # noqa: F401
    except ImportError as missing:
        raise ImportError(
            f"{os.path.basename(path)} needs scikit-learn ({missing}); "
            f"install it: {sys.executable} -m pip install scikit-learn"  # noqa: F821
        ) from None
    if not path.endswith(".skops"):
        if trusted is not None:
            raise ValueError("config.trusted is for .skops files; a joblib file can run any code and is trusted whole")
        with warnings.catch_warnings():
            # Trained by another version: scikit-learn says itself that results may differ. That is an error here.
            warnings.simplefilter("error", sklearn.exceptions.InconsistentVersionWarning)
            return joblib.load(path)
    try:
        import skops.io
    except ImportError:
        raise ImportError(
            f"{os.path.basename(path)} needs skops; install it: {sys.executable} -m pip install skops"  # noqa: F821
        ) from None
    trusted = [trusted] if isinstance(trusted, str) else list(trusted or [])
    unknown = sorted(set(skops.io.get_untrusted_types(file=path)) - set(trusted))
    if unknown:
        name = os.path.basename(path)
        raise ValueError(f"{name} has types that nobody trusts: list them in config.trusted: {unknown}")
    return skops.io.load(path, trusted=trusted)


def _label_type(classes):
    kind = np.asarray(classes).dtype.kind  # noqa: F821
    return {"b": "BOOL", "i": "INT64", "u": "INT64", "f": "FP64"}.get(kind, "BYTES")


class _Estimator:
    """An estimator or pipeline: `X` in, `label` and `probabilities`, `prediction` or `transformed` out."""

    batching = "concat"
    deterministic = True
    platform = "sklearn"

    def __init__(self, estimator, datatype):
        if not callable(getattr(estimator, "predict", None)) and not callable(getattr(estimator, "transform", None)):
            raise ValueError(f"a {type(estimator).__name__} has neither predict() nor transform()")
        self.estimator = estimator
        # Predicting changes nothing in an estimator, and NumPy lets other threads run while it computes.
        self.max_concurrency = max(1, min(4, os.cpu_count() or 1))
        self.metadata = {"estimator": type(estimator).__name__}
        self.frame = None
        features = getattr(estimator, "n_features_in_", None)
        names = getattr(estimator, "feature_names_in_", None)
        if names is not None:
            self.metadata["features"] = json.dumps([str(name) for name in names])  # noqa: F821
            try:
                import pandas
            except ImportError:
                if self._chooses_columns(estimator):
                    raise ImportError(
                        f"this pipeline picks columns by name, for which it needs pandas; "
                        f"install it: {sys.executable} -m pip install pandas"  # noqa: F821
                    ) from None
                # Trained with names and asked without them: the columns are in the same order, so nothing is lost.
                warnings.filterwarnings("ignore", message="X does not have valid feature names")
            else:
                self.frame = lambda rows: pandas.DataFrame(rows, columns=names)
        if features is None:
            # What is fitted on texts, such as a TfidfVectorizer's pipeline, counts no features.
            self.inputs = {"text": ("BYTES", [])}
        else:
            self.inputs = {"X": (datatype or "FP64", [int(features)])}
        self.outputs = self._declared(estimator)

    @staticmethod
    def _chooses_columns(estimator):
        steps = [step for _, step in getattr(estimator, "steps", [])] or [estimator]
        return any(
            isinstance(columns, (str, list, tuple)) and any(isinstance(name, str) for name in columns)
            for step in steps
            for _, _, columns in getattr(step, "transformers_", [])
        )

    def _declared(self, estimator):
        from sklearn.base import is_regressor

        classes = getattr(estimator, "classes_", None)
        if not callable(getattr(estimator, "predict", None)):
            self.answer = self._transform
            return {"transformed": ("FP64", [-1])}
        if classes is not None and not isinstance(classes, list):
            self.metadata["classes"] = json.dumps([str(label) for label in classes])  # noqa: F821
            self.answer = self._classify
            outputs = {"label": (_label_type(classes), [])}
            # Asked of the object and not of its type: whether it has probabilities may depend on how it was trained.
            if callable(getattr(estimator, "predict_proba", None)):
                outputs["probabilities"] = ("FP64", [len(classes)])
            return outputs
        if classes is not None:  # one answer for each of several targets
            self.answer = self._classify
            joined = np.concatenate([np.asarray(labels) for labels in classes])  # noqa: F821
            return {"label": (_label_type(joined), [len(classes)])}
        # Before any request, nothing tells how many numbers an answer has but an answer.
        self.answer = self._predict
        sample = self._rows(["a"] if "text" in self.inputs else np.zeros((1, self.inputs["X"][1][0])))  # noqa: F821
        answer = np.asarray(estimator.predict(sample))  # noqa: F821
        datatype = "FP64" if is_regressor(estimator) else _label_type(answer)
        return {"prediction": (datatype, [int(size) for size in answer.shape[1:]])}

    def _rows(self, rows):
        return self.frame(rows) if self.frame else rows

    def infer(self, inputs, request):
        ((_, rows),) = inputs.items()
        if rows.dtype == object:
            try:
                rows = [text.decode() for text in rows]
            except UnicodeDecodeError:
                raise ValueError("a text is not UTF-8") from None
        return self.answer(self._rows(rows), request.wanted)

    def _classify(self, rows, wanted):
        answer = {}
        if not wanted or "label" in wanted:
            answer["label"] = self.estimator.predict(rows)
        if "probabilities" in self.outputs and (not wanted or "probabilities" in wanted):
            answer["probabilities"] = self.estimator.predict_proba(rows)
        return answer

    def _predict(self, rows, wanted):
        return {"prediction": self.estimator.predict(rows)}

    def _transform(self, rows, wanted):
        answer = self.estimator.transform(rows)
        return {"transformed": answer.toarray() if hasattr(answer, "toarray") else answer}


def _estimator(path, trusted, datatype):
    if datatype not in (None, "FP32", "FP64"):
        raise ValueError(f"config.datatype is {datatype!r}; it is FP32 or FP64")
    return _Estimator(_open_estimator(path, trusted), datatype)
