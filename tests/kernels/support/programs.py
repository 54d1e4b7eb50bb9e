"""
Runs many small models as one program and compares them with the reference.

Every case is a few ops on arguments of its own. All cases of a family become one
function, so that there is one compilation per variant: compilers, flags, sanitizers,
instruction sets, and AArch64 under qemu.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from xdsl.dialects.builtin import ArrayAttr, ModuleOp, StringAttr
from xdsl.dialects.func import FuncOp, ReturnOp
from xdsl.ir import Attribute, Block, Operation, Region, SSAValue

from qcc.codegen.c_printer import PrintedModel
from qcc.codegen.targets import TARGETS, runs_here
from qcc.codegen.weights import weights_as_literals
from qcc.compiler.api import generate
from qcc.dialects.blob import element_type_of_dtype
from qcc.dialects.naming import name_values
from qcc.dialects.quant.types import UniformType
from qcc.dialects.reference.interpreter import run
from qcc.dialects.types import tensor
from support.harness import compile_c

Array = NDArray[np.generic]
Body = Callable[[Sequence[SSAValue]], Sequence[Operation]]


@dataclass(frozen=True)
class Case:
    """A few ops, of which the results of the last are compared."""

    name: str
    inputs: Sequence[Array]
    body: Body
    element_types: Sequence[Attribute | None] = ()
    """Of the inputs, where they are not those of the arrays."""

    def argument_types(self) -> list[tuple[tuple[int, ...], Attribute]]:
        types = [*self.element_types, *[None] * len(self.inputs)]
        return [
            (array.shape, given or element_type_of_dtype(array.dtype))
            for array, given in zip(self.inputs, types, strict=False)
        ]


@dataclass(frozen=True)
class Variant:
    """How the generated C is compiled and run."""

    name: str
    target: str
    command: Sequence[str]
    runner: Sequence[str] = ()

    def skip_if_impossible(self) -> None:
        target = TARGETS[self.target]
        foreign = bool(self.runner)
        if not foreign and not runs_here(target):
            pytest.skip(f"this processor cannot run {self.target}")
        for tool in (self.command[0], *self.runner[:1]):
            if shutil.which(tool) is None:
                pytest.skip(f"{tool} is not installed")


_SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g"]
_FUSED = ["-O3", "-march=native", "-ffp-contract=fast"]

VARIANTS = [
    Variant("portable-gcc", "portable", ["gcc"]),
    Variant("portable-clang-fused", "portable", ["clang", *_FUSED]),
    Variant("sse2-gcc", "x86-64", ["gcc"]),
    Variant("avx2-gcc-fused", "x86-64-v3", ["gcc", *_FUSED]),
    Variant("avx2-clang-sanitized", "x86-64-v3", ["clang", *_SANITIZE]),
    Variant("avxvnni-gcc", "avxvnni", ["gcc"]),
    Variant("avx512vnni-gcc-fused", "avx512vnni", ["gcc", *_FUSED]),
    Variant("avx512vnni-clang-sanitized", "avx512vnni", ["clang", *_SANITIZE]),
    Variant("portable-gcc-sanitized", "portable", ["gcc", *_SANITIZE]),
    Variant(
        "neon-qemu",
        "armv8",
        ["aarch64-linux-gnu-gcc", "-static", "-ffp-contract=fast"],
        ["qemu-aarch64", "-cpu", "cortex-a53"],
    ),
    Variant(
        "neon32-qemu",
        "armv7",
        ["arm-linux-gnueabihf-gcc", "-static", "-ffp-contract=fast"],
        ["qemu-arm", "-cpu", "cortex-a7"],
    ),
]

_MAIN = """
#include <stdio.h>
#include <stdlib.h>
static void *aligned(size_t size) { return aligned_alloc(64, (size + 64) / 64 * 64); }
int main(void) {
    static const size_t sizes[] = {@SIZES@};
    enum { inputs = @INPUTS@, count = sizeof sizes / sizeof sizes[0] };
    void *buffers[count];
    for (size_t i = 0; i < count; i++) {
        /* Exact sizes, so that ASan sees a read or write behind a caller's buffer. */
        buffers[i] = malloc(sizes[i] ? sizes[i] : 1);
        if (i < inputs && fread(buffers[i], 1, sizes[i], stdin) != sizes[i]) return 2;
    }
    void *arena = aligned(MODEL_ARENA_BYTES);
    model_context context;
    if (model_init(&context, arena, NULL) != QCC_OK) return 3;
    const qcc_api *api = model_api();
    if (api->run(&context, (const void *const *)buffers, buffers + inputs) != 0)
        return 4;
    for (size_t i = inputs; i < count; i++) fwrite(buffers[i], 1, sizes[i], stdout);
    for (size_t i = 0; i < count; i++) free(buffers[i]);
    free(arena);
    return 0;
}
"""


def _run_program(
    model: PrintedModel,
    variant: Variant,
    inputs: Sequence[Array],
    outputs: Sequence[Array],
) -> list[bytes]:
    sizes = [array.nbytes for array in (*inputs, *outputs)]
    main = _MAIN.replace("@SIZES@", ", ".join(map(str, sizes)))
    main = main.replace("@INPUTS@", str(len(inputs)))
    weights = weights_as_literals(model.prefix, model.weights)
    source = model.source.replace("@WEIGHTS@", weights)
    source = source.replace(f'#include "{model.prefix}.h"', model.header, 1) + main
    program = compile_c(source, variant.command)
    data = b"".join(np.ascontiguousarray(array).tobytes() for array in inputs)
    result = subprocess.run(
        [*variant.runner, str(program)],
        input=data,
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr.decode(errors="replace")
    parts: list[bytes] = []
    offset = 0
    for array in outputs:
        parts.append(result.stdout[offset : offset + array.nbytes])
        offset += array.nbytes
    return parts


def _bits(array: Array) -> NDArray[np.uint8]:
    """The bytes of an array; every NaN counts as the same."""
    array = np.ascontiguousarray(array)
    if np.issubdtype(array.dtype, np.floating):
        array = np.where(np.isnan(array), array.dtype.type(np.nan), array)
    return array.reshape(-1).view(np.uint8)


def _module(cases: Sequence[Case]) -> tuple[ModuleOp, list[str]]:
    """
    One function that takes the arguments and returns the results of all cases.

    Also the name of the case of each result.
    """
    kinds = [kind for case in cases for kind in case.argument_types()]
    block = Block(arg_types=[tensor(element, shape) for shape, element in kinds])
    results: list[SSAValue] = []
    names: list[str] = []
    arguments = list(block.args)
    for case in cases:
        ops = case.body(arguments[: len(case.inputs)])
        arguments = arguments[len(case.inputs) :]
        block.add_ops(ops)
        results += ops[-1].results
        names += [case.name] * len(ops[-1].results)
    block.add_op(ReturnOp(*results))
    types = ([a.type for a in block.args], [r.type for r in results])
    func = FuncOp("model", types, Region([block]))
    for name, count in (("input", len(block.args)), ("output", len(results))):
        ports = [StringAttr(f"{name}{i}") for i in range(count)]
        func.attributes[f"{name}_names"] = ArrayAttr(ports)
    name_values(func)
    func.verify()
    return ModuleOp([func]), names


def check_cases(cases: Sequence[Case], variant: Variant) -> None:
    """Every result equals the reference in every bit; NaN equals NaN."""
    variant.skip_if_impossible()
    inputs = [array for case in cases for array in case.inputs]
    module, names = _module(cases)
    expected = run(module, inputs)
    model = generate(module, [TARGETS[variant.target]], "model")
    actual = _run_program(model, variant, inputs, expected)
    wrong: list[str] = []
    for name, want, data in zip(names, expected, actual, strict=True):
        got = np.frombuffer(data, want.dtype).reshape(want.shape)
        different = (_bits(got) != _bits(want)).reshape(-1, want.itemsize).any(axis=1)
        if different.any():
            index = int(np.flatnonzero(different)[0])
            wrong.append(
                f"{name}: {int(different.sum())} of {want.size} differ, first at "
                f"{index}: {got.reshape(-1)[index]!r} for {want.reshape(-1)[index]!r}"
            )
    assert not wrong, "\n".join(wrong)


all_variants = pytest.mark.parametrize("variant", VARIANTS, ids=lambda v: v.name)
"""Runs a test in every variant."""


SPECIAL_FLOATS = np.array(
    [
        *(0, -0.0, 1, -1, 0.5, -0.5, 1.5, 2.5, np.inf, -np.inf, np.nan, 1e-45, -1e-40),
        *(3.4e38, -3.4e38, 126.5, 127.5, -127.5, -128.5, 1e9, -1e9, 3e9, 1e19, -1e19),
    ],
    np.float32,
)


def floats(seed: int, *shape: int, special: bool = True) -> NDArray[np.float32]:
    """Normal numbers of several magnitudes, with special values among them."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=shape) * 10.0 ** rng.uniform(-2, 1, shape)
    flat = values.astype(np.float32).reshape(-1)
    if special and flat.size:
        count = min(len(SPECIAL_FLOATS), flat.size // 2)
        places = rng.permutation(flat.size)[:count]
        flat[places] = rng.permutation(SPECIAL_FLOATS)[:count]
    return flat.reshape(shape)


def int8s(seed: int, *shape: int) -> NDArray[np.int8]:
    """Every value, the extremes more often."""
    rng = np.random.default_rng(seed)
    values = rng.integers(-128, 128, shape, np.int8)
    return np.where(
        rng.random(shape) < 0.1, rng.choice([-128, 127], shape), values
    ).astype(np.int8)


def uniform(scale: float, zero_point: int) -> UniformType:
    """An activation's type."""
    return UniformType.per_tensor(scale, zero_point)


__all__ = [
    "VARIANTS",
    "Body",
    "Case",
    "Variant",
    "all_variants",
    "check_cases",
    "floats",
    "int8s",
    "uniform",
]
