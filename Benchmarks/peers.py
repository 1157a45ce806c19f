"""The servers that Sluice is compared with, where `Benchmarks/peers/setup` has installed them."""

import json
import os
import pathlib
import shutil
import subprocess

from servers import MODELS, ROOT, Server, free_port

PEERS = pathlib.Path(os.environ.get("PEERS", pathlib.Path.home() / ".cache" / "sluice-peers"))
HERE = ROOT / "Benchmarks" / "peers"
IRIS = MODELS / "iris.onnx"


class Peer(Server):
    """`serves` names the workloads it can do: `json`, `binary`, `grpc` for echo, and `iris`."""

    environment_name = ""
    serves = frozenset()
    echo = "echo"
    about = ""

    @classmethod
    def missing(cls):
        """Why it can't be measured here, or `None`."""
        if not (PEERS / cls.environment_name / "done").exists():
            return f"not installed in {PEERS}: run Benchmarks/peers/setup"
        return None

    def described(self):
        return self.about

    @property
    def python(self):
        return PEERS / self.environment_name / "bin" / "python"

    def __init__(self):
        super().__init__(type(self).__name__)
        self.grpc_port = free_port()


class Triton(Peer):
    """NVIDIA's server as PyPI has it, with an identity backend in C where its library has what that needs."""

    environment_name = "v-triton"
    serves = frozenset({"json", "binary", "grpc"})
    about = "Triton 2.51 of nvidia-pytriton 0.7.0"

    def described(self):
        return f"{self.about}, echo by {'a C backend' if self.native else 'its Python backend'}"

    @property
    def home(self):
        (home,) = (PEERS / self.environment_name / "lib").glob("python3*/site-packages/pytriton/tritonserver")
        return home

    def command(self):
        repository = self.folder / "models"
        model = repository / "echo" / "1"
        model.mkdir(parents=True)
        native = self.folder / "backends"
        self.native = self.build_native(native)
        if not self.native:
            shutil.copy(HERE / "triton" / "model.py", model)
        (repository / "echo" / "config.pbtxt").write_text(
            f'name: "echo" backend: "{"sluice_identity" if self.native else "python"}" max_batch_size: 0\n'
            'input [{ name: "INPUT0" data_type: TYPE_FP32 dims: [ -1, -1 ] }]\n'
            'output [{ name: "OUTPUT0" data_type: TYPE_FP32 dims: [ -1, -1 ] }]\n'
            "instance_group [{ kind: KIND_CPU count: 1 }]\n"
        )
        return [
            self.home / "bin" / "tritonserver",
            f"--model-repository={repository}",
            f"--backend-directory={native if self.native else self.home / 'backends'}",
            "--http-address=127.0.0.1",
            "--grpc-address=127.0.0.1",
            "--allow-metrics=false",
            f"--http-port={self.port}",
            f"--grpc-port={self.grpc_port}",
        ]

    def build_native(self, backends):
        """Builds the identity backend in C; `False` where that fails."""
        folder = backends / "sluice_identity"
        folder.mkdir(parents=True)
        library = folder / "libtriton_sluice_identity.so"
        source = HERE / "triton" / "identity.c"
        compiled = subprocess.run(
            ["gcc", "-O2", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", source, "-o", library],
            capture_output=True,
            check=False,
        )
        return compiled.returncode == 0

    def environment(self):
        environment = dict(os.environ)
        python = (PEERS / self.environment_name / "bin" / "python").resolve()
        # The Python backend's stub loads the libpython of the interpreter whose standard library it uses.
        environment["LD_LIBRARY_PATH"] = str(python.parents[1] / "lib")
        environment["PATH"] = f"{PEERS / self.environment_name / 'bin'}:{environment['PATH']}"
        return environment


class MLServer(Peer):
    environment_name = "v-mls"
    serves = frozenset({"json", "grpc", "iris"})  # it has no binary extension over HTTP
    about = "MLServer 1.7.1, no parallel workers"

    def command(self):
        settings = {
            "host": "127.0.0.1",
            "http_port": self.port,
            "grpc_port": self.grpc_port,
            "metrics_port": free_port(),
            "parallel_workers": 0,
            "debug": False,
            "grpc_max_message_length": 64 << 20,
        }
        (self.folder / "settings.json").write_text(json.dumps(settings))
        shutil.copy(HERE / "mlserver_models.py", self.folder)
        for name, implementation in (("echo", "Identity"), ("iris", "Iris")):
            (self.folder / name).mkdir()
            model = {
                "name": name,
                "implementation": f"mlserver_models.{implementation}",
                "parameters": {"version": "1", "uri": str(IRIS)},
            }
            (self.folder / name / "model-settings.json").write_text(json.dumps(model))
        return [PEERS / self.environment_name / "bin" / "mlserver", "start", self.folder]

    def environment(self):
        return {**os.environ, "PYTHONPATH": str(self.folder)}


class KServe(Peer):
    environment_name = "v-kserve"
    serves = frozenset({"json", "binary", "grpc", "iris"})
    about = "KServe 0.21.0"

    def command(self):
        return [
            self.python,
            HERE / "kserve_server.py",
            IRIS,
            "--http_port",
            self.port,
            "--grpc_port",
            self.grpc_port,
            "--enable_latency_logging",
            "False",
        ]


ALL = (Triton, MLServer, KServe)
