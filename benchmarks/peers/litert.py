"""
LiteRT with XNNPACK, int8 in and out: where a .tflite file exists, or can be written.

It is favoured: its inputs are quantized before the timed call, which only it wants.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from benchmarks.contest import Contestant
from benchmarks.models import Feeds, Model
from benchmarks.peers.tflite_mlp import write_mlp

Array = NDArray[Any]


def open_int8(model: Model, feeds: Feeds) -> Contestant:
    """The model's .tflite file. CannotEnter where there is none."""
    path = model.tflite or _written(model)
    interpreter = Interpreter(model_path=str(path), num_threads=1)
    interpreter.allocate_tensors()
    [entry] = interpreter.get_input_details()
    [array] = feeds.values()
    interpreter.set_tensor(entry["index"], _quantized(array, entry))
    exit_entry = interpreter.get_output_details()[0]
    return Contestant(
        "litert int8",
        interpreter.invoke,
        lambda: _real(interpreter.get_tensor(exit_entry["index"]), exit_entry),
        interpreter,
    )


def _written(model: Model) -> Path:
    path = model.prepared("int8.tflite")
    if not path.exists():
        part = path.with_suffix(".part")
        part.write_bytes(write_mlp(model.path, model.calibration()))
        part.rename(path)
    return path


def _quantized(array: Array, entry: dict[str, Any]) -> Array:
    """As the file's input wants it: stored integers, channels last."""
    if array.shape != tuple(entry["shape"]) and array.ndim == 4:
        array = np.moveaxis(array, 1, -1)
    scale, zero_point = entry["quantization"]
    limits = np.iinfo(entry["dtype"])
    stored = np.clip(np.rint(array / scale) + zero_point, limits.min, limits.max)
    return np.ascontiguousarray(stored).reshape(entry["shape"]).astype(entry["dtype"])


def _real(stored: Array, entry: dict[str, Any]) -> Array:
    scale, zero_point = entry["quantization"]
    return scale * (stored.astype(np.float32) - zero_point)
