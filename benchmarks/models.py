"""The models of the contest, made on demand, and data for them."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Feeds = dict[str, Array]

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
BUILD = ROOT / "build" / "bench"

CALIBRATION_SAMPLES = 8

_VOCABULARY = 30522


@dataclass(frozen=True)
class Model:
    """A float32 ONNX model of batch 1."""

    name: str
    path: Path
    macs: int
    inputs: dict[str, tuple[tuple[int, ...], str]]
    """Shape and type by name."""

    def feeds(self, seed: int) -> Feeds:
        """Normal floats, or token numbers: one sample for every input."""
        generator = np.random.default_rng(seed)
        return {
            name: generator.integers(0, _VOCABULARY, shape)
            if kind == "int64"
            else generator.standard_normal(shape).astype(np.float32)
            for name, (shape, kind) in self.inputs.items()
        }

    def calibration(self) -> list[Feeds]:
        """The samples that every quantizer is given."""
        return [self.feeds(1000 + number) for number in range(CALIBRATION_SAMPLES)]

    @property
    def is_transformer(self) -> bool:
        """Whether token numbers go in."""
        return any(kind == "int64" for _, kind in self.inputs.values())

    def prepared(self, suffix: str) -> Path:
        """Where a peer keeps its form of the model."""
        return BUILD / "prepared" / f"{self.name}.{suffix}"


def all_models() -> list[Model]:
    """
    Every model, smallest first; made by ../shared/bench/make_models.py when missing.

    SystemExit where neither the models nor that program are there.
    """
    manifest = BUILD / "manifest.json"
    if not manifest.exists():
        _make_models()
    (BUILD / "prepared").mkdir(exist_ok=True)
    entries: dict[str, Any] = json.loads(manifest.read_text())
    models: list[Model] = []
    for name, entry in entries.items():
        ports = entry["inputs"].items()
        inputs = {key: (tuple(shape), kind) for key, (shape, kind) in ports}
        models.append(Model(name, BUILD / f"{name}.onnx", entry["macs"], inputs))
    return sorted(models, key=lambda model: model.macs)


def _make_models() -> None:
    program = SHARED / "bench" / "make_models.py"
    if not program.is_file():
        sys.exit("../shared/bench/make_models.py is not here: no models to measure")
    BUILD.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, str(program), str(BUILD)], check=True)
