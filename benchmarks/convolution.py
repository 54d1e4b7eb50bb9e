"""
GMAC/s of the convolution kernels on layers of MobileNetV2, SqueezeNet and ResNets.

`python benchmarks/convolution.py x86-64-v3 --cc gcc` compiles one C program with a
function per layer, as generated code has it, and prints the best of five runs.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from qcc.codegen.kernel_row import KernelRow
from qcc.codegen.kernel_table import find_kernel
from qcc.codegen.lowerings.convolution import Geometry
from qcc.codegen.lowerings.packed_convolution import TILES, WINOGRAD
from qcc.codegen.lowerings.tiles import TiledGeometry
from qcc.codegen.lowerings.winograd import WinogradGeometry
from qcc.codegen.targets import Target, find_target
from qcc.codegen.toolchain import FLAGS

RUNTIME = Path(__file__).parents[1] / "runtime"

# Name, input size, input channels, output channels, kernel, stride.
LAYERS = (
    ("mobilenetv2 first", 224, 3, 32, 3, 2),
    ("mobilenetv2 112", 112, 16, 96, 1, 1),
    ("mobilenetv2 56 out", 56, 96, 24, 1, 1),
    ("mobilenetv2 56 in", 56, 24, 144, 1, 1),
    ("mobilenetv2 14 out", 14, 384, 64, 1, 1),
    ("mobilenetv2 14 in", 14, 64, 384, 1, 1),
    ("mobilenetv2 7", 7, 960, 160, 1, 1),
    ("mobilenetv2 last", 7, 320, 1280, 1, 1),
    ("squeezenet 55", 55, 16, 64, 3, 1),
    ("squeezenet 27", 27, 32, 128, 3, 1),
    ("squeezenet 13", 13, 48, 192, 3, 1),
    ("mobilenetv2 classes", 1, 1280, 1000, 1, 1),
    ("resnet8 first", 32, 3, 16, 3, 1),
    ("resnet8 32", 32, 16, 16, 3, 1),
    ("resnet8 16", 16, 32, 32, 3, 1),
    ("resnet8 8", 8, 64, 64, 3, 1),
    ("resnet50 56", 56, 64, 64, 3, 1),
    ("resnet50 28", 28, 128, 128, 3, 1),
    ("resnet50 14", 14, 256, 256, 3, 1),
    ("resnet50 7", 7, 512, 512, 3, 1),
)

PROLOGUE = """
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
static _Alignas(64) int8_t input[1 << 22], weights[1 << 23], output[1 << 22];
static _Alignas(64) int32_t bias[4096];
static _Alignas(64) float multipliers[4096];
static _Alignas(64) char scratch[1 << 22];
static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
static void measure(const char *name, void (*layer)(void), double macs) {
    double best = 1e9;
    const int count = (int)(1e8 / macs) + 2;
    for (int run = 0; run < 5; run++) {
        const double start = now();
        for (int i = 0; i < count; i++) layer();
        const double time = (now() - start) / count;
        best = time < best ? time : best;
    }
    printf("%-20s %9.1f us %7.1f GMAC/s\\n", name, best * 1e6, macs / best * 1e-9);
}
"""


def _geometry(size: int, channels: int, outputs: int, kernel: int, stride: int):
    pad = kernel // 2
    after = (size + 2 * pad - kernel) // stride + 1
    return Geometry(
        batch=1,
        input=(size, size),
        channels=channels,
        output=(after, after),
        outputs=outputs,
        kernel=(kernel, kernel),
        strides=(stride, stride),
        pads=(pad, pad),
    )


def _choose(target: Target, shape: Geometry) -> tuple[KernelRow, Geometry]:
    """The kernel of a layer, and the geometry that it wants."""
    stems = ["qcc_conv2d_s8s8_symmetric", "qcc_conv2d_s8s8"]
    typical = np.full((shape.outputs, shape.channels, *shape.kernel), 25, np.int8)
    if TiledGeometry.fits(shape):
        stems.insert(0, TILES)
    row, other = find_kernel(target, *stems), find_kernel(target, WINOGRAD, *stems)
    if other.stem == WINOGRAD and WinogradGeometry.pays(shape, typical, other):
        row = other
    if row.stem == TILES:
        shape = TiledGeometry.of(shape)
    if row.stem == WINOGRAD:
        shape = WinogradGeometry.of(shape)
    return row, shape


def program(target: Target) -> str:
    """The C program that measures every layer with its kernel."""
    functions: list[str] = []
    calls: list[str] = []
    headers: dict[str, None] = {"qcc_cpu.h": None}
    for index, (name, *layer) in enumerate(LAYERS):
        row, shape = _choose(target, _geometry(*layer).flattened())
        assert row.tile is not None
        headers[row.path] = None
        attribute = "" if row.isa == "portable" else f"QCC_TARGET_{row.isa.upper()} "
        arguments = shape.arguments(row.tile[0])
        arguments |= {"input_zero_point": -3, "minimum": -128, "maximum": 127}
        if row.quads:
            arguments["whole_quads"] = int(shape.channels % 4 == 0)
        if row.split_inputs:
            arguments["input_offset"] = 128
        members = ", ".join(f".{key} = {value}" for key, value in arguments.items())
        functions.append(
            f"static QCC_NOINLINE {attribute}void layer{index}(void) {{\n"
            f"    {row.function}(({row.struct}){{{members}}}, input, weights, NULL,"
            " bias, multipliers, NULL, NULL, output, scratch);\n}\n"
        )
        macs = shape.output[0] * shape.output[1] * shape.outputs
        macs *= shape.kernel[0] * shape.kernel[1] * shape.channels
        calls.append(f'    measure("{name}", layer{index}, {macs});\n')
    fill = (
        "    for (int i = 0; i < 1 << 22; i++) input[i] = (int8_t)rand();\n"
        "    for (int i = 0; i < 1 << 23; i++) weights[i] = (int8_t)(i % 255);\n"
        "    for (int i = 0; i < 4096; i++) multipliers[i] = 0.001f;\n"
    )
    checks = "".join(
        f"    if (!qcc_cpu_has_{feature}()) return 1;\n"
        for feature in target.checked_features
    )
    main = f"int main(void) {{\n{checks}{fill}{''.join(calls)}    return 0;\n}}\n"
    includes = "".join(f'#include "{header}"\n' for header in headers)
    return f"{includes}{PROLOGUE}{''.join(functions)}{main}"


def main() -> None:
    """Compiles and runs the program for the target of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", nargs="?", default="native")
    parser.add_argument("--cc", default="gcc")
    options = parser.parse_args()
    target = find_target(options.target)
    includes = [f"-I{RUNTIME / 'include'}", f"-I{RUNTIME / 'kernels'}"]
    print(target.name, options.cc, flush=True)
    with tempfile.TemporaryDirectory() as name:
        source, binary = Path(name) / "bench.c", Path(name) / "bench"
        source.write_text(program(target))
        posix = "-D_POSIX_C_SOURCE=200809L"
        command = [options.cc, *FLAGS, posix, *includes, str(source), "-o", str(binary)]
        subprocess.run(command, check=True)
        subprocess.run([str(binary)], check=True)


if __name__ == "__main__":
    main()
