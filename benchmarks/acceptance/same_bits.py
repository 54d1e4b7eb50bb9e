"""Reference = portable C = every SIMD target, in every byte, on the zoo's models."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from benchmarks.acceptance.models import (
    QUANTIZED,
    ROOT,
    STATIC,
    quant_module,
    zoo_cases,
)
from benchmarks.acceptance.registry import Row, check

sys.path.append(str(ROOT / "tests" / "end_to_end"))

from execution import Machine, assert_same_bits, execute, print_for, reference

_FEW = {"deeplabv3_mnv2_dm05_pascal_qat_float", "super_resolution_10"}

_VARIANTS: dict[str, tuple[str, ...]] = {
    "portable": (),
    "x86-64": (),
    "x86-64-v2": (),
    "x86-64-v3": (),
    "avxvnni": (),
    "avx512vnni": (),
    "armv7": (),
    "armv8": (),
    "portable -O3 -ffp-contract=fast": (
        "-O3",
        "-march=native",
        "-ffp-contract=fast",
    ),
}


@check("bits")
def same_bits() -> Iterator[Row]:
    """3 samples of every model (1 of the largest two) on every target."""
    for name in (*STATIC, *QUANTIZED):
        module = quant_module(name)
        samples = 1 if name in _FEW else 3
        inputs = [
            list(feeds.values()) for feeds, _ in zoo_cases()[name].evaluation(samples)
        ]
        expected = [reference(module, values) for values in inputs]
        for variant, flags in _VARIANTS.items():
            target = variant.split()[0]
            try:
                machine = Machine.of(target)
            except pytest.skip.Exception as reason:
                yield Row(f"{name}, {variant}", f"not run: {reason}", "equal", False)
                continue
            printed = print_for(module, machine.target)
            try:
                for values, want in zip(inputs, expected, strict=True):
                    result = execute(printed, machine, values, flags)
                    assert_same_bits(result, want)
            except AssertionError as error:
                text = " ".join(str(error).split())[:80]
                yield Row(f"{name}, {variant}", text, "equal", False)
                continue
            count = len(printed.description["tensors"])
            text = f"equal: {count} tensors, {samples} samples"
            yield Row(f"{name}, {variant}", text, "equal", True)
