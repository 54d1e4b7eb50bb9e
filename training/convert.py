"""`convert`: the trained model as QDQ ONNX, which `qcc` compiles to int8."""

from __future__ import annotations

from pathlib import Path

import onnx

from qcc.compiler.files import write_bytes
from qcc.training.prepared_model import PreparedModel


def convert(model: PreparedModel, path: str | Path | None = None) -> onnx.ModelProto:
    """
    The ONNX model with int8 weights, int32 biases, and casts at every rounded tensor.

    BatchNorm is folded, shapes are those of the example inputs. With `path` it is
    also written there. Raises QccError when the model has not seen a batch yet.
    """
    proto = model.written().model
    if path is not None:
        write_bytes(Path(path), proto.SerializeToString())
    return proto
