"""The models: those of ../shared/zoo, with their logits as further outputs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper, version_converter

from benchmarks.acceptance.models import ROOT, zoo_cases

Array = NDArray[Any]
Feeds = dict[str, Array]

BUILD = ROOT / "build" / "accuracy"

NAMES = (
    "resnet8_cifar10",
    "vww_mobilenetv1_025_96",
    "kws_dscnn",
    "sww_streaming",
    "mnist_cntk",
    "mobilenet_v1_025_224",
    "mobilenet_v1_100_224_qat_float",
    "mobilenet_v2_100_224_qat_float",
    "magika_v2_1",
    "ultraface_rfb320",
    "deeplabv3_mnv2_dm05_pascal_qat_float",
    "super_resolution_10",
)

_OPSET = 17
"""Older models become this one: quantizing per channel needs 13."""

_DECISIONS = ("Softmax", "ArgMax")
"""Ops at the end that hide what a confident model gets wrong."""


@dataclass(frozen=True)
class Subject:
    """A float model and its data."""

    name: str
    case: Any
    """Of the zoo."""
    path: Path
    """The model that every tool is given."""
    outputs: int
    """How many outputs are the model's own; the others are logits."""
    compared: tuple[int, ...]
    """The outputs whose signal to noise ratio counts: logits in place of decisions."""

    def calibration(self, count: int) -> list[Feeds]:
        """The first so many calibration samples, or as many as there are."""
        return list(self.case.calibration(count))


def subject(name: str) -> Subject:
    """The model of that name, prepared in `build/accuracy/`."""
    case = zoo_cases()[name]
    model = onnx.load(case.model)
    own = len(model.graph.output)
    if all(each.domain or each.version < 13 for each in model.opset_import):
        model = version_converter.convert_version(model, _OPSET)
    _fold(model)
    compared: list[int] = []
    for index in range(own):
        logits = _logits(model.graph, model.graph.output[index].name)
        if logits is not None:
            compared.append(len(model.graph.output))
            model.graph.output.append(helper.make_empty_tensor_value_info(logits))
        else:
            compared.append(index)
    BUILD.mkdir(parents=True, exist_ok=True)
    path = BUILD / f"{name}.onnx"
    onnx.save(onnx.shape_inference.infer_shapes(_typed(model)), path)
    return Subject(name, case, path, own, tuple(compared))


def _logits(graph: Any, output: str) -> str | None:
    """What the last softmax or argmax before an output reads."""
    nodes = {name: node for node in graph.node for name in node.output}
    while output in nodes:
        node = nodes[output]
        if node.op_type in _DECISIONS:
            return node.input[0]
        if node.op_type not in ("Reshape", "Identity", "Cast", "Squeeze"):
            return None
        output = node.input[0]
    return None


def _fold(model: Any) -> None:
    """Evaluates what depends on constants only: some quantizers take it for data."""
    known = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
    for node in list(model.graph.node):
        if node.op_type == "Reshape" and all(name in known for name in node.input):
            array, shape = (known[name] for name in node.input)
            result = array.reshape([int(size) for size in shape])
            tensor = numpy_helper.from_array(result, node.output[0])
            known[node.output[0]] = result
            model.graph.initializer.append(tensor)
            model.graph.node.remove(node)


def _typed(model: Any) -> Any:
    """Gives the added outputs their types, which shape inference knows."""
    inferred = onnx.shape_inference.infer_shapes(model)
    known = {info.name: info for info in inferred.graph.value_info}
    for info in model.graph.output:
        if info.name in known:
            info.CopyFrom(known[info.name])
    return model
