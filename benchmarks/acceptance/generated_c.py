"""The generated C: warnings, sanitizers, undefined symbols, repeatability, cutting."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from benchmarks.acceptance.models import (
    QUANTIZED,
    ROOT,
    STATIC,
    quant_module,
    ranges_of,
    zoo_cases,
)
from benchmarks.acceptance.registry import Row, check
from qcc.compiler.api import Options, compile_with
from qcc.dialects.errors import QccError

sys.path.append(str(ROOT / "tests" / "end_to_end"))

from execution import (
    SANITIZERS,
    Machine,
    assert_same_bits,
    execute,
    print_for,
    reference,
)

_FORBIDDEN = (
    "malloc",
    "calloc",
    "realloc",
    "free",
    "printf",
    "fopen",
    "fwrite",
    "puts",
)


@check("sanitizers and warnings")
def sanitized() -> Iterator[Row]:
    """Strict flags and ASan+UBSan on one sample of every model."""
    for name in (*STATIC, *QUANTIZED):
        module = quant_module(name)
        feeds, _ = next(iter(zoo_cases()[name].evaluation(1)))
        inputs = list(feeds.values())
        for target in ("portable", "x86-64-v3"):
            machine = Machine.of(target)
            try:
                printed = print_for(module, machine.target)
                result = execute(printed, machine, inputs, SANITIZERS)
                assert_same_bits(result, reference(module, inputs))
                yield Row(f"{name}, {target}", "silent", "silent", True)
            except (subprocess.CalledProcessError, AssertionError) as error:
                text = " ".join(str(error).split())[:80]
                yield Row(f"{name}, {target}", text, "silent", False)


@check("undefined symbols")
def symbols() -> Iterator[Row]:
    """`nm -u` of the object of every model."""
    for name in (*STATIC, *QUANTIZED):
        with tempfile.TemporaryDirectory() as folder:
            output = Path(folder) / "model.o"
            options = Options(ranges=ranges_of(name))
            compile_with(zoo_cases()[name].model, output, options)
            command = ["nm", "-u", str(output)]
            listed = subprocess.run(command, capture_output=True, text=True, check=True)
        found = sorted(line.split()[-1] for line in listed.stdout.splitlines())
        bad = [s for s in found if any(word in s for word in _FORBIDDEN)]
        text = ", ".join(found) or "none"
        yield Row(name, text, "no allocation, no stdio", not bad)


_COMPILE = """
import sys
from pathlib import Path
if sys.argv[4] == "masked":
    from qcc.codegen import targets
    targets.host_features = lambda: frozenset({"sse2"})
from qcc.compiler.api import Options, compile_with
options = Options(target="x86-64-v3", ranges=Path(sys.argv[3]))
compile_with(Path(sys.argv[1]), Path(sys.argv[2]), options)
"""


@check("repeatability")
def repeatable() -> Iterator[Row]:
    """Two processes, one with CPU features masked, the same ranges file."""
    for name in ("resnet8_cifar10", "mobilenet_v2_100_224_qat_float"):
        texts: list[bytes] = []
        for kind in ("plain", "masked"):
            with tempfile.TemporaryDirectory() as folder:
                output = Path(folder) / "model.c"
                arguments = [str(zoo_cases()[name].model), str(output)]
                command = [sys.executable, "-c", _COMPILE, *arguments]
                # numpy's own dispatch and the hash seed must not matter either.
                environment = {**os.environ, "PYTHONHASHSEED": str(len(texts) + 1)}
                if kind == "masked":
                    config: Any = np.show_config(mode="dicts")
                    dispatched = " ".join(config["SIMD Extensions"]["found"])
                    environment["NPY_DISABLE_CPU_FEATURES"] = dispatched
                    environment["OPENBLAS_CORETYPE"] = "Nehalem"
                ranges = str(ranges_of(name))
                subprocess.run([*command, ranges, kind], check=True, env=environment)
                texts.append(output.read_bytes())
        same = texts[0] == texts[1]
        yield Row(name, "identical" if same else "different", "identical", same)


@check("cutting")
def cutting() -> Iterator[Row]:
    """A model with an operator that no compiler of static shapes can support."""
    proto = onnx.load(zoo_cases()["resnet8_cifar10"].model)
    found = onnx.helper.make_node("NonZero", [proto.graph.output[0].name], ["found"])
    proto.graph.node.append(found)
    proto.graph.output[0].CopyFrom(onnx.ValueInfoProto(name="found"))
    with tempfile.TemporaryDirectory() as folder:
        model, output = Path(folder) / "model.onnx", Path(folder) / "model.so"
        onnx.save(proto, model)
        try:
            compile_with(model, output, Options())
            yield Row("without --outputs", "compiled", "error naming the node", False)
            return
        except QccError as error:
            named = error.node is not None
            text = f"{error.op} at {error.node!r}"
            yield Row("without --outputs", text, "error naming the node", named)
            before = (error.remedy or "").partition("--outputs ")[2].split(",")[0]
        compile_with(model, output, Options(outputs=[before]))
        yield Row(f"--outputs {before}", "compiles", "compiles", output.exists())
