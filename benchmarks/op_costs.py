"""
What operations cost in int8 and in float: the table of `codegen/op_costs.py`.

`python -m benchmarks.op_costs [--targets NAME ...] [--ops NAME ...]` compiles models of
one operation each, in int8 (with int8 inputs and outputs) and in float. On targets that
run here it measures nanoseconds (run it alone on the machine), for Arm it counts
instructions with the tool of `--tools`. It prints both per unit of work: per
multiply-accumulate of a convolution or product, else per element of the result.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import qcc
from benchmarks.arm_counts import CPUS, MAIN, SHARED, _count, _run
from qcc.codegen.targets import TARGETS, runs_here
from qcc.compiler.timing import ModelTimer, random_feeds

SHAPE = (1, 64, 28, 28)
RUNS = 200


@dataclass(frozen=True)
class Op:
    """A model of one operation, and its units of work."""

    node: str
    shapes: tuple[tuple[int, ...], ...] = (SHAPE,)
    constants: tuple[tuple[int, ...] | list[Any], ...] = ()
    attributes: tuple[tuple[str, Any], ...] = ()
    work: int = int(np.prod(SHAPE))

    def model(self) -> onnx.ModelProto:
        """From normal inputs; constants are normal where only a shape is given."""
        generator = np.random.default_rng(0)
        inputs = [f"x{index}" for index in range(len(self.shapes))]
        names = list(inputs)
        initializers: list[TensorProto] = []
        for index, constant in enumerate(self.constants):
            if not constant:  # an input that is left out
                names.append("")
                continue
            array = (
                np.array(constant, np.float32)
                if isinstance(constant, list)
                else generator.normal(size=constant).astype(np.float32)
            )
            names.append(f"c{index}")
            initializers.append(numpy_helper.from_array(array, f"c{index}"))
        node = helper.make_node(self.node, names, ["y"], **dict(self.attributes))
        graph = helper.make_graph(
            [node],
            "op",
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
                for name, shape in zip(inputs, self.shapes, strict=True)
            ],
            [helper.make_empty_tensor_value_info("y")],
            initializers,
        )
        opsets = [helper.make_opsetid("", 20)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10)


_ROWS = ((784, 64),)
_PIXELS = 28 * 28

OPS: dict[str, Op] = {
    "conv2d": Op(
        *("Conv", (SHAPE,), ((64, 64, 3, 3),), (("pads", [1] * 4),)),
        work=_PIXELS * 64 * 64 * 9,
    ),
    "depthwise": Op(
        *("Conv", (SHAPE,), ((64, 1, 3, 3),), (("pads", [1] * 4), ("group", 64))),
        work=_PIXELS * 64 * 9,
    ),
    "conv_transpose2d": Op(
        *("ConvTranspose", (SHAPE,), ((64, 16, 2, 2),), (("strides", [2, 2]),)),
        work=_PIXELS * 64 * 16 * 4,
    ),
    "matmul": Op("MatMul", ((64, 256),), ((256, 256),), work=64 * 256 * 256),
    "add": Op("Add", (SHAPE, SHAPE)),
    "mul": Op("Mul", (SHAPE, SHAPE)),
    "avg_pool2d": Op(
        *("AveragePool", (SHAPE,), (), (("kernel_shape", [2, 2]),)),
        work=27 * 27 * 64,
    ),
    "reduce": Op("GlobalAveragePool"),
    "softmax": Op("Softmax", _ROWS, (), (("axis", -1),)),
    "layer_norm": Op("LayerNormalization", _ROWS, ((64,), (64,))),
    "resize": Op(
        *("Resize", (SHAPE,), ((), [1, 1, 2, 2])),
        (("mode", "linear"),),
        work=4 * _PIXELS * 64,
    ),
    "sigmoid": Op("Sigmoid"),
    "tanh": Op("Tanh"),
    "erf": Op("Erf"),
    "gelu": Op("Gelu"),
    "exp": Op("Exp"),
    "softplus": Op("Softplus"),
    "hard_swish": Op("HardSwish"),
    "leaky_relu": Op("LeakyRelu"),
    "elu": Op("Elu"),
    "abs": Op("Abs"),
    "relu": Op("Relu"),
}

CAST = "cast"
"""Not an operation: half of what float inputs and outputs add to an int8 model."""


def _library(op: Op, target: str, mode: str, io: str, suffix: str, path: Path) -> Path:
    samples = [
        {
            f"x{i}": np.random.default_rng(n + i).normal(size=s).astype(np.float32)
            for i, s in enumerate(op.shapes)
        }
        for n in range(2)
    ]
    output = path / f"counted_{mode}_{io}{suffix}"
    given = samples if mode == "static" else None
    qcc.compile(op.model(), output, target=target, mode=mode, io=io, calibration=given)
    return output


def _nanoseconds(library: Path, target: str) -> float:
    session = qcc.InferenceSession(library, target=target)
    timer = ModelTimer(session, random_feeds(session))
    once = max(float(timer.time_runs(3).min()), 1.0)
    return float(timer.time_runs(max(5, min(RUNS, int(2e8 / once)))).min())


def _instructions(library: Path, target: str, tool: Path) -> float:
    cpu = next(cpu for cpu in CPUS.values() if cpu.target == target)
    prefix, program = library.stem, library.with_suffix("")
    _run(
        [
            *("aarch64-linux-gnu-gcc", "-std=c11", "-O2", "-static"),
            *("-I", library.parent, f'-DCOUNTED_HEADER="{prefix}.h"'),
            *(f"-DCOUNTED_API={prefix}_api", MAIN, library, "-o", program),
        ]
    )
    counts, _ = _count(tool, cpu, program)
    return float(counts["instructions"])  # type: ignore[arg-type]


def cost(op: Op, target: str, mode: str, io: str, tool: Path) -> float:
    """Of one inference: nanoseconds, or instructions where it cannot run here."""
    with tempfile.TemporaryDirectory() as folder:
        here = runs_here(TARGETS[target])
        suffix = ".so" if here else ".o"
        library = _library(op, target, mode, io, suffix, Path(folder))
        if here:
            return _nanoseconds(library, target)
        return _instructions(library, target, tool)


def main() -> None:
    """Prints one line per operation and target: int8, float."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", nargs="*", default=list(TARGETS))
    parser.add_argument("--ops", nargs="*", default=[*OPS, CAST])
    parser.add_argument("--tools", type=Path, default=SHARED / "tools/arm/count.py")
    options = parser.parse_args()
    for target in options.targets:
        for name in options.ops:
            op = OPS["leaky_relu" if name == CAST else name]
            int8 = cost(op, target, "static", "int8", options.tools) / op.work
            if name == CAST:
                both = cost(op, target, "static", "float", options.tools) / op.work
                pair = ((both - int8) / 2, 0.0)
            else:
                pair = (
                    int8,
                    cost(op, target, "float", "float", options.tools) / op.work,
                )
            print(f"{target:14} {name:18} {pair[0]:9.4f} {pair[1]:9.4f}", flush=True)


if __name__ == "__main__":
    main()
