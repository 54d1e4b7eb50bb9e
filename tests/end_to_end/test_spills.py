"""
Accumulators of the hot loops stay in registers.

One and the same kernel can run 2.6 times slower when the compiler's register allocation
fails, and nothing else shows it: so the disassembly is searched for vectors that the
innermost loops move to or from the stack.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper
from small_models import model

import qcc
from qcc.codegen.targets import TARGETS, host_architecture
from qcc.codegen.toolchain import triple

SHAPE = (1, 3, 56, 56)

PRODUCTS = re.compile(
    r"(?:\{vex\} )?v?pdpbusd|tdpb|v?pmaddwd|v?pmaddubsw|[su]dot|smmla|"
    r"smlal|smull|sadalp|vmull|vmlal|vpadal"
)
JUMP = re.compile(
    r"(?:j\w+|b|b\.\w+|cbn?z|tbn?z)\s+(?:\w+, )?(?:#\d+, )?(?:0x)?([0-9a-f]+)"
)
VECTOR_ON_STACK = re.compile(
    r"(?=.*(?:\(%rsp|\[sp))(?=.*(?:%[xyz]mm|\b[qd]\d+\b|\bv\d+\.))"
)


@dataclass(frozen=True)
class Loop:
    """An innermost loop: the function it is in, and its instructions."""

    function: str
    body: tuple[str, ...]

    @property
    def products(self) -> int:
        return sum(PRODUCTS.match(line) is not None for line in self.body)

    @property
    def vectors_on_stack(self) -> list[str]:
        return [line for line in self.body if VECTOR_ON_STACK.match(line)]


def network() -> onnx.ModelProto:
    """Every kind of convolution that vision models have, and a matrix product."""
    rng = np.random.default_rng(0)
    shapes = {
        "first": (32, 3, 3, 3),
        "depth": (32, 1, 3, 3),
        "point": (64, 32, 1, 1),
        "full": (64, 64, 3, 3),
        "classes": (64, 100),
    }
    weights = {
        name: rng.standard_normal(shape).astype(np.float32) / 10
        for name, shape in shapes.items()
    }
    border = [1, 1, 1, 1]
    nodes = [
        helper.make_node("Conv", ["x", "first"], ["a"], strides=[2, 2], pads=border),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "depth"], ["c"], group=32, pads=border),
        helper.make_node("Relu", ["c"], ["d"]),
        helper.make_node("Conv", ["d", "point"], ["e"]),
        helper.make_node("Conv", ["e", "full"], ["f"], pads=border),
        helper.make_node("Add", ["f", "e"], ["g"]),
        helper.make_node("GlobalAveragePool", ["g"], ["h"]),
        helper.make_node("Flatten", ["h"], ["i"]),
        helper.make_node("MatMul", ["i", "classes"], ["y"]),
    ]
    return model(nodes, weights, {"x": SHAPE})


def innermost_loops(disassembly: str) -> Iterator[Loop]:
    for text in re.split(r"\n\n+", disassembly):
        header = re.search(r"^[0-9a-f]+ <(.+)>:$", text, re.MULTILINE)
        lines = re.findall(r"^\s+([0-9a-f]+):\s+(.+)$", text, re.MULTILINE)
        if header is None:
            continue
        position = {address: index for index, (address, _) in enumerate(lines)}
        loops: list[tuple[int, int]] = []
        for end, (_, instruction) in enumerate(lines):
            jump = JUMP.match(instruction)
            if jump and position.get(jump[1], end + 1) <= end:
                loops.append((position[jump[1]], end))
        for start, end in loops:
            within = [(s, e) for s, e in loops if start <= s and e <= end]
            if len(within) == 1:
                yield Loop(header[1], tuple(line for _, line in lines[start : end + 1]))


@pytest.mark.parametrize(
    "target",
    [
        "x86-64",
        "x86-64-v2",
        "x86-64-v3",
        "avxvnni",
        "avx512vnni",
        "armv7",
        "armv8",
        "armv8+dotprod",
        "armv8+i8mm",
    ],
)
def test_convolutions_keep_their_accumulators_in_registers(target: str, tmp_path: Path):
    architecture = TARGETS[target].architecture
    foreign = architecture not in (None, host_architecture())
    prefix = f"{triple(architecture)}-" if architecture and foreign else ""
    for program in (f"{prefix}gcc", f"{prefix}objdump"):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}")
    output = tmp_path / "network.o"
    samples = [{"x": np.random.default_rng(1).standard_normal(SHAPE, np.float32)}]
    qcc.compile(network(), output, target=target, calibration=samples)
    command = [f"{prefix}objdump", "-d", "--no-show-raw-insn", str(output)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    hot = [loop for loop in innermost_loops(text) if loop.products >= 8]
    # Depthwise loops keep 9 rows of weights too: more than 16 registers hold.
    hot = [loop for loop in hot if loop.function.startswith(("conv2d", "matmul"))]
    assert len(hot) >= 2, "the hot loops were not found"
    for loop in hot:
        assert not loop.vectors_on_stack, loop.function
