"""
Instructions per inference of generated Arm code, next to the best peer and the goal.

`python benchmarks/arm_counts.py [MODEL ...] [--cpu NAME ...] [--functions]` compiles
each model with int8 inputs and outputs, runs it under QEMU with the counting tool of
`--tools`, and compares a checksum of its outputs with that of the portable library on
the host. Counts are exact; they are no times.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import onnx

import qcc

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
MAIN = Path(__file__).with_suffix(".c")


@dataclass(frozen=True)
class Cpu:
    """A processor of QEMU, and the target whose code it runs."""

    name: str
    target: str
    emulated: str
    compiler: str = "aarch64-linux-gnu-gcc"


CPUS = {
    cpu.name: cpu
    for cpu in (
        Cpu("cortex-a53", "armv8", "cortex-a53"),
        Cpu("cortex-a76", "armv8+dotprod", "cortex-a76"),
        Cpu("i8mm", "armv8+i8mm", "max,sve=off,sme=off"),
        Cpu("cortex-a7", "armv7", "cortex-a7", "arm-linux-gnueabihf-gcc"),
    )
}


@dataclass(frozen=True)
class Model:
    """
    A model, and millions of instructions per CPU in the order of `CPUS`.

    Nothing is known of peers on 32-bit processors, the last of them.
    """

    name: str
    from_zoo: bool
    peers: tuple[float, float, float]
    """The fewest of LiteRT and ONNX Runtime (tools/arm/README.md)."""
    goals: tuple[float, float, float]


MODELS = {
    model.name: model
    for model in (
        Model("resnet8_cifar10", True, (5.01, 1.50, 1.26), (3.5, 1.35, 1.0)),
        Model("kws_dscnn", True, (1.34, 0.713, 0.713), (1.0, 0.5, 0.5)),
        Model("vww_mobilenetv1_025_96", True, (4.02, 1.93, 1.90), (3.0, 1.5, 1.4)),
        Model("mobilenet_v1_0.25_128", False, (7.29, 4.99, 4.99), (5.4, 3.0, 2.8)),
        Model("mobilenet_v2_1.0_224", False, (135.1, 71.2, 71.2), (100, 50, 45)),
    )
}


def _run(command: list[str | Path], folder: Path | None = None) -> str:
    texts = [str(part) for part in command]
    result = subprocess.run(
        texts, capture_output=True, text=True, cwd=folder, check=False
    )
    if result.returncode != 0:
        sys.exit(f"{' '.join(texts)} failed:\n{result.stderr}")
    return result.stdout + result.stderr


def _prepare(model: Model, folder: Path) -> tuple[Path, Path]:
    """The model's path, and calibration samples with its ranges."""
    samples = folder / f"calibration_{model.name}.npz"
    if model.from_zoo:
        path = SHARED / "zoo" / "models" / f"{model.name}.onnx"
        command = [sys.executable, SHARED / "zoo" / "zoo.py", "export", model.name]
        exported = folder / "export"
        if not samples.exists():
            _run([*command, exported, "--calib", "16", "--n", "1"])
            (exported / "calib.npz").rename(samples)
        return path, samples
    path = folder / f"{model.name}.onnx"
    if not path.exists():
        script = SHARED / "bench" / "make_models.py"
        _run([sys.executable, script, folder, "--only", model.name])
    graph = onnx.load(str(path)).graph
    shape = [d.dim_value for d in graph.input[0].type.tensor_type.shape.dim]
    values = np.random.default_rng(0).standard_normal((4, *shape)).astype(np.float32)
    np.savez(samples, **{graph.input[0].name: values})
    return path, samples


def _program(
    model: Path, samples: Path, target: str, compiler: str, folder: Path
) -> Path:
    """A program that runs the model argv[1] times."""
    library = folder / f"counted_{re.sub('[+,]', '_', target)}.o"
    ranges = folder / f"{model.stem}.ranges"
    compile_model = partial(qcc.compile, model, library, target=target, io="int8")
    compile_model(calibration=samples, save_ranges=ranges)
    program = library.with_suffix("")
    prefix = library.stem
    _run(
        [
            *(compiler, "-std=c11", "-O2", "-static", "-I", folder),
            f'-DCOUNTED_HEADER="{prefix}.h"',
            f"-DCOUNTED_API={prefix}_api",
            *(MAIN, library, "-o", program),
        ]
    )
    return program


def _count(tool: Path, cpu: Cpu, program: Path) -> tuple[dict[str, object], str]:
    """What the counting tool says, and the program's checksum."""
    result = subprocess.run(
        [
            *(sys.executable, str(tool), "--cpu", cpu.emulated, "--func", "--json"),
            *("--hist", "--top", "40", "--diff", "1", "2"),
            *("--", str(program), "{n}"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        sys.exit(result.stderr)
    checksums = {w for w in result.stderr.splitlines() if w.startswith("checksum")}
    return json.loads(result.stdout), "/".join(sorted(checksums))


def _print_split(counts: dict[str, object]) -> None:
    for kind in ("functions", "opcodes"):
        for name, number in counts[kind].items():  # type: ignore[union-attr]
            print(f"    {name:55} {number:>12,.0f}")


@dataclass(frozen=True)
class Measured:
    """One model on one CPU; millions of instructions per inference."""

    model: Model
    cpu: Cpu
    millions: float
    same_bits: bool
    """Whether the outputs are those of the portable library on the host."""
    counts: dict[str, object]
    """All that the counting tool says."""

    @property
    def goal(self) -> float | None:
        """At most so many."""
        return self._of(self.model.goals)

    @property
    def peer(self) -> float | None:
        """The best peer's."""
        return self._of(self.model.peers)

    def _of(self, numbers: tuple[float, ...]) -> float | None:
        index = list(CPUS).index(self.cpu.name)
        return numbers[index] if index < len(numbers) else None


def measure(
    model: Model, cpus: list[Cpu], tool: Path, folder: Path
) -> Iterator[Measured]:
    """Compiles and counts, one CPU after the other."""
    path, samples = _prepare(model, folder)
    host = _program(path, samples, "portable", "cc", folder)
    expected = _run([host, "1"]).strip()
    for cpu in cpus:
        program = _program(path, samples, cpu.target, cpu.compiler, folder)
        counts, checksum = _count(tool, cpu, program)
        millions = float(counts["instructions"]) / 1e6  # type: ignore[arg-type]
        yield Measured(model, cpu, millions, checksum == expected, counts)


def _print(row: Measured, split: bool) -> None:
    bits = "equal" if row.same_bits else "DIFFERENT"
    compared = ""
    if row.goal is not None and row.peer is not None:
        met = "met" if row.millions <= row.goal else "missed"
        compared = f"  goal {row.goal:6.2f} {met:6}  peer {row.peer:6.2f}"
        compared += f"  {row.millions / row.peer:5.2f} of it"
    print(
        f"{row.model.name:24} {row.cpu.name:11} {row.millions:8.3f} M{compared}"
        f"  bits {bits}",
        flush=True,
    )
    if split:
        _print_split(row.counts)


def main() -> None:
    """Measures the models and CPUs of the command line, all by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", choices=[*MODELS, []])
    parser.add_argument("--cpu", nargs="*", choices=list(CPUS), default=list(CPUS))
    parser.add_argument("--functions", action="store_true", help="also the split")
    parser.add_argument(
        "--together", action="store_true", help="one library for all three targets"
    )
    parser.add_argument("--tools", type=Path, default=SHARED / "tools" / "arm")
    parser.add_argument("--folder", type=Path, help="keeps what is made here")
    options = parser.parse_args()
    cpus = [CPUS[name] for name in options.cpu]
    if options.together:
        cpus = [cpu for cpu in cpus if cpu.target != "armv7"]
        targets = ",".join(cpu.target for cpu in cpus)
        cpus = [replace(cpu, target=targets) for cpu in cpus]
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(exist_ok=True)
        for name in options.models or MODELS:
            tool = options.tools / "count.py"
            for row in measure(MODELS[name], cpus, tool, folder):
                _print(row, options.functions)


if __name__ == "__main__":
    main()
