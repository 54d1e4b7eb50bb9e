"""What holds for all lowerings and all rows of the kernel table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.harness import compile_c

from qcc.codegen.kernel_table import KERNELS
from qcc.codegen.lowerings.binary import BINARY_OPERATIONS
from qcc.codegen.lowerings.reduce import FLOAT_REDUCTIONS
from qcc.codegen.lowerings.unary import UNARY_OPERATIONS
from qcc.codegen.select_kernels import all_lowerings
from qcc.dialects import nn, quant

RUNTIME = Path(__file__).parents[2] / "runtime"


def test_every_op_is_lowered() -> None:
    ops = {*nn.NN.operations, *quant.Quant.operations}
    assert not {op.name for op in ops if op not in all_lowerings()}


@pytest.mark.parametrize(
    ("header", "prefix", "names"),
    [
        ("unary.h", "QCC_", UNARY_OPERATIONS),
        ("binary.h", "QCC_", BINARY_OPERATIONS),
        ("reduce_f32.h", "QCC_REDUCE_", FLOAT_REDUCTIONS),
    ],
)
def test_enumerations_are_those_of_c(
    header: str, prefix: str, names: Sequence[str]
) -> None:
    text = (RUNTIME / "kernels/portable" / header).read_text()
    found = re.search(r"enum \{(.*?)\};", text, re.DOTALL)
    assert found is not None
    body = re.sub(r"/\*.*?\*/", "", found[1], flags=re.DOTALL)
    members = [member.strip() for member in body.split(",")]
    assert members == [prefix + name.upper() for name in names]


def test_there_is_a_portable_twin_of_every_kernel() -> None:
    portable = {row.stem for row in KERNELS if row.isa == "portable"}
    # Forms that take fewer weights or shapes have the general kernel as their twin.
    stems = {
        re.sub("_(symmetric|tiles|lines|shared|winograd)$", "", row.stem)
        for row in KERNELS
    }
    assert stems == portable


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_all_portable_headers_compile_together(compiler: str) -> None:
    headers = sorted({row.path for row in KERNELS if row.isa == "portable"})
    source = "".join(f'#include "{header}"\n' for header in headers)
    calls = "".join(
        f"    (void)&{row.function};\n" for row in KERNELS if row.isa == "portable"
    )
    compile_c(source + f"int main(void) {{\n{calls}    return 0;\n}}\n", [compiler])
