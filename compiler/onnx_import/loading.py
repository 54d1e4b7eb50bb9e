"""
From a path, bytes or `ModelProto` to a model of sound bytes, versions and weights.

The first step of the import. Nothing here looks at the meaning of an operator.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError
from onnx import numpy_helper

from qcc.dialects.errors import QccError
from qcc.dialects.types import Array

OLDEST_OPSET = 7
"""Older operator sets have other broadcasting rules; converters exist for them."""

LARGEST_TENSOR = 1 << 31
"""Elements; more than that is taken for a corrupt or hostile shape."""


def load_model(source: Path | bytes | onnx.ModelProto) -> onnx.ModelProto:
    """
    Parses `source` and checks versions; external data stays where it is.

    Returns a copy that the importer may change. Raises QccError for a file that cannot
    be read, is not an ONNX model, or has an IR or operator set version out of range.
    """
    if isinstance(source, onnx.ModelProto):
        model = onnx.ModelProto()
        model.CopyFrom(source)
    else:
        model = _parse(source)
    _check_names(model)
    _check_versions(model)
    return model


def _check_names(model: onnx.ModelProto) -> None:
    """protobuf hands out bytes where a string is not valid UTF-8."""
    functions = [node for function in model.functions for node in function.node]
    for names in (
        *(_names_of_node(node) for node in functions),
        _names_of_graph(model.graph),
        (entry.domain for entry in model.opset_import),
    ):
        for name in names:
            if not isinstance(name, str):
                raise QccError(
                    "a name in the model is not text",
                    why=f"{name!r} is not valid UTF-8",
                    remedy="export the model again; the file may be corrupt",
                )


def _names_of_graph(graph: onnx.GraphProto) -> Iterator[object]:
    for node in graph.node:
        yield from _names_of_node(node)
    for value in (*graph.input, *graph.output, *graph.value_info):
        yield value.name
        yield from (dim.dim_param for dim in value.type.tensor_type.shape.dim)
    yield from (tensor.name for tensor in graph.initializer)


def _names_of_node(node: onnx.NodeProto) -> Iterator[object]:
    yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
    for attribute in node.attribute:
        yield from (attribute.name, attribute.ref_attr_name)
        for inner in (attribute.g, *attribute.graphs):
            if inner.node or inner.initializer:
                yield from _names_of_graph(inner)


def _parse(source: Path | bytes) -> onnx.ModelProto:
    name = "the model" if isinstance(source, bytes) else str(source)
    if isinstance(source, bytes):
        data = source
    else:
        try:
            data = Path(source).read_bytes()
        except OSError as error:
            raise QccError(
                f"cannot read {name}",
                why=error.strerror or str(error),
                remedy="give the path of a readable .onnx file",
            ) from error
    try:
        model = onnx.ModelProto.FromString(data)
    except (DecodeError, ValueError) as error:
        raise QccError(
            f"{name} is not an ONNX model",
            why=f"its bytes cannot be decoded: {error}",
            remedy="export or download the file again; it may be truncated",
        ) from error
    if not model.HasField("graph") or not model.ir_version:
        raise QccError(
            f"{name} is not an ONNX model",
            why="it has no graph or no IR version; it may be empty, truncated or "
            "another kind of file",
            remedy="give a file written by an ONNX exporter",
        )
    return model


def _check_versions(model: onnx.ModelProto) -> None:
    if not 3 <= model.ir_version <= onnx.IR_VERSION:
        raise QccError(
            f"IR version {model.ir_version} is not supported",
            why=f"versions 3 to {onnx.IR_VERSION} can be read",
            remedy="export the model again, or install a newer onnx package",
        )
    newest = onnx.defs.onnx_opset_version()
    versions = opset_versions(model)
    if "" not in versions:
        raise QccError(
            "the model does not say which ONNX operator set it uses",
            why="opset_import has no entry for the domain ai.onnx",
            remedy="export the model again",
        )
    if not OLDEST_OPSET <= versions[""] <= newest:
        raise QccError(
            f"ONNX operator set {versions['']} is not supported",
            why=f"versions {OLDEST_OPSET} to {newest} are",
            remedy="convert it with onnx.version_converter"
            if versions[""] < OLDEST_OPSET
            else "export with an older operator set, or install a newer onnx package",
        )


def opset_versions(model: onnx.ModelProto | onnx.FunctionProto) -> dict[str, int]:
    """Operator set versions by domain; `ai.onnx` is written `""`."""
    return {
        "" if entry.domain == "ai.onnx" else entry.domain: entry.version
        for entry in model.opset_import
    }


def load_external_data(model: onnx.ModelProto, directory: Path | None) -> None:
    """
    Reads weights stored in other files into `model`.

    Only regular files inside `directory`, the folder of the model, are read. Raises
    QccError for any other path, for a missing file and for one that is too short.
    """
    for tensor in _all_tensors(model.graph):
        if tensor.data_location != onnx.TensorProto.EXTERNAL:
            continue
        if directory is None:
            raise _external_error(
                tensor,
                "its data is in another file, and only bytes of a model were given",
                "give the model as a path, or save it with its weights inside",
            )
        _read_external(tensor, directory)


def _read_external(tensor: onnx.TensorProto, directory: Path) -> None:
    entries = {entry.key: entry.value for entry in tensor.external_data}
    location = entries.get("location", "")
    folder = directory.resolve()
    if not location or "\0" in location:
        raise _external_error(tensor, "it does not say in which file its data is")
    path = (folder / location).resolve()
    if not path.is_relative_to(folder):
        raise _external_error(
            tensor,
            f"its data file {location!r} is outside of the model's folder",
            "put the data file beside the model and give it a relative path",
        )
    if not path.is_file():
        raise _external_error(
            tensor,
            f"its data file {location!r} does not exist beside the model",
            "copy the data file into the model's folder",
        )
    try:
        offset = int(entries.get("offset", "0"))
        length = int(entries.get("length", str(path.stat().st_size - offset)))
    except ValueError as error:
        raise _external_error(tensor, "its offset or length is no number") from error
    if offset < 0 or length < 0 or offset + length > path.stat().st_size:
        raise _external_error(tensor, f"its data file {location!r} is too short")
    with path.open("rb") as file:
        file.seek(offset)
        tensor.raw_data = file.read(length)
    tensor.data_location = onnx.TensorProto.DEFAULT
    del tensor.external_data[:]


def _external_error(
    tensor: onnx.TensorProto, why: str, remedy: str = "export the model again"
) -> QccError:
    return QccError(
        "cannot read a weight", tensor=tensor.name or None, why=why, remedy=remedy
    )


def _all_tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    """Initializers and tensor attributes of `graph` and its subgraphs."""
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
            for inner in (attribute.g, *attribute.graphs):
                if inner.node or inner.initializer:
                    yield from _all_tensors(inner)


def check_tensor_size(tensor: onnx.TensorProto) -> None:
    """Raises QccError when a weight's shape or amount of data is impossible."""
    if any(size < 0 for size in tensor.dims) or math.prod(tensor.dims) > LARGEST_TENSOR:
        raise QccError(
            "a weight has an impossible shape",
            tensor=tensor.name or None,
            why=f"shape {list(tensor.dims)}",
            remedy="export the model again; the file may be corrupt",
        )


def tensor_array(tensor: onnx.TensorProto) -> Array:
    """The elements of a constant; QccError when its data does not fit its type."""
    check_tensor_size(tensor)
    try:
        return numpy_helper.to_array(tensor)
    except (ValueError, TypeError, KeyError, OverflowError, NotImplementedError) as e:
        raise QccError(
            "cannot read a weight",
            tensor=tensor.name or None,
            why=f"its data does not fit its type and shape: {e}",
            remedy="export the model again; the file may be corrupt",
        ) from e
