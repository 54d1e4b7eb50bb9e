"""What `qcc` compiles: a prepared model as QDQ ONNX, any other as float ONNX."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import onnx
import torch
from torch import nn

from qcc.compiler.files import write_bytes
from qcc.training.onnx_writer import write
from qcc.training.prepare import insert_layers
from qcc.training.prepared_model import PreparedModel
from qcc.training.tracing import trace


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


def export(
    model: nn.Module,
    example_inputs: torch.Tensor | Sequence[torch.Tensor],
    path: str | Path | None = None,
) -> onnx.ModelProto:
    """
    A float model as ONNX in evaluation mode, BatchNorm folded; nothing is rounded.

    For post-training quantization to compare with; names are those of `convert`. With
    `path` it is also written there. Raises QccError for what has no ONNX form.
    """
    if isinstance(example_inputs, torch.Tensor):
        example_inputs = (example_inputs,)
    module = trace(model)
    insert_layers(module)
    proto = write(module, example_inputs, None, int8_weights=False).model
    if path is not None:
        write_bytes(Path(path), proto.SerializeToString())
    return proto
