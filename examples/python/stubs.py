"""The messages and services of sluice.v1, generated from proto/ when they are first needed.

They go to build/examples/python at the top of the repository, or to $SLUICE_STUBS_DIR, and nothing
of them is kept in version control.
"""

import importlib
import os
import pathlib
import sys

import grpc_tools
from grpc_tools import protoc

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROTO = pathlib.Path(os.environ.get("SLUICE_PROTO_DIR", ROOT / "proto"))
TARGET = pathlib.Path(os.environ.get("SLUICE_STUBS_DIR", ROOT / "build/examples/python/stubs"))


def _generate() -> None:
    sources = sorted(PROTO.glob("sluice/v1/*.proto"))
    newest = max(source.stat().st_mtime for source in sources)
    marker = TARGET / "sluice/v1/records_pb2.py"
    if marker.exists() and marker.stat().st_mtime >= newest:
        return
    TARGET.mkdir(parents=True, exist_ok=True)
    well_known = pathlib.Path(grpc_tools.__file__).parent / "_proto"
    arguments = [
        "protoc",
        f"--proto_path={PROTO}",
        f"--proto_path={well_known}",
        f"--python_out={TARGET}",
        f"--grpc_python_out={TARGET}",
        *[str(source) for source in sources],
    ]
    if protoc.main(arguments) != 0:
        raise SystemExit("protoc failed")


_generate()
sys.path.insert(0, str(TARGET))

fetch = importlib.import_module("sluice.v1.fetch_pb2")
fetch_grpc = importlib.import_module("sluice.v1.fetch_pb2_grpc")
groups = importlib.import_module("sluice.v1.groups_pb2")
groups_grpc = importlib.import_module("sluice.v1.groups_pb2_grpc")
produce = importlib.import_module("sluice.v1.produce_pb2")
produce_grpc = importlib.import_module("sluice.v1.produce_pb2_grpc")
records = importlib.import_module("sluice.v1.records_pb2")
transactions = importlib.import_module("sluice.v1.transactions_pb2")
transactions_grpc = importlib.import_module("sluice.v1.transactions_pb2_grpc")
