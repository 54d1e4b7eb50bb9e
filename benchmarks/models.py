"""The models of the contest, made on demand, and data for them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Feeds = dict[str, Array]

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
BUILD = ROOT / "build" / "bench"

_MANIFEST = BUILD / "manifest.json"

CALIBRATION_SAMPLES = 8

_VOCABULARY = 30522


@dataclass(frozen=True)
class Model:
    """A float32 ONNX model of batch 1."""

    name: str
    path: Path
    macs: int
    samples: Callable[[int], list[Feeds]]
    """The first so many samples of its data."""
    tflite: Path | None = None
    """The same model as an int8 .tflite file, where there is one."""

    def calibration(self) -> list[Feeds]:
        """The samples that every quantizer is given."""
        return self.samples(CALIBRATION_SAMPLES)

    def feeds(self) -> Feeds:
        """The sample that is measured; no quantizer has seen it."""
        return self.samples(CALIBRATION_SAMPLES + 1)[-1]

    @property
    def is_transformer(self) -> bool:
        """Whether token numbers go in."""
        return any(array.dtype == np.int64 for array in self.feeds().values())

    @property
    def is_quantized(self) -> bool:
        """Whether the file has scales and zero points of its own."""
        return self.path.stem.endswith("_qdq")

    def prepared(self, suffix: str) -> Path:
        """Where a peer keeps its form of the model."""
        return BUILD / "prepared" / f"{self.name}.{suffix}"


def all_models() -> list[Model]:
    """
    Every model, smallest first; made by ../shared/bench/make_models.py when missing.

    SystemExit where neither the models nor that program are there.
    """
    if not _MANIFEST.exists():
        _make_models()
    (BUILD / "prepared").mkdir(exist_ok=True)
    trained = [model for model in zoo_models() if model.tflite]
    return sorted([*_made_models(), *trained], key=lambda model: model.macs)


def _made_models() -> list[Model]:
    entries: dict[str, Any] = json.loads(_MANIFEST.read_text())
    return [
        Model(
            name,
            BUILD / f"{name}.onnx",
            entry["macs"],
            partial(_random_samples, entry["inputs"]),
        )
        for name, entry in entries.items()
    ]


def _random_samples(inputs: dict[str, Any], count: int) -> list[Feeds]:
    """Normal floats, or token numbers; `inputs` has shape and type by name."""
    generator = np.random.default_rng(0)
    return [
        {
            name: generator.integers(0, _VOCABULARY, shape)
            if kind == "int64"
            else generator.standard_normal(shape).astype(np.float32)
            for name, (shape, kind) in inputs.items()
        }
        for _ in range(count)
    ]


_TFLITE = {
    "resnet8_cifar10": ("pretrainedResnet_quant.tflite", 12_501_632),
    "kws_dscnn": ("kws_ref_model.tflite", 2_656_768),
    "vww_mobilenetv1_025_96": ("vww_96_int8.tflite", 7_489_664),
}
"""Trained models of ../shared/zoo with their .tflite files and MACs."""


_LOSSLESS = "_lossless"
"""Suffix of cases with the model of another case and other data."""


def zoo_models() -> list[Model]:
    """Every model of ../shared/zoo, smallest first; none where it is absent."""
    folder = SHARED / "zoo"
    if not (folder / "zoo.py").is_file():
        return []
    (BUILD / "prepared").mkdir(parents=True, exist_ok=True)
    sys.path.append(str(folder))
    import zoo

    models: list[Model] = []
    for name, case in zoo.cases().items():
        if name.endswith(_LOSSLESS):
            continue
        tflite, macs = _TFLITE.get(name, (None, int(case.mmacs * 1e6)))
        samples = lambda count, case=case: list(case.calibration(count))  # noqa: E731
        other = folder / "tflite" / tflite if tflite else None
        models.append(Model(name, case.model, macs, samples, other))
    return sorted(models, key=lambda model: model.macs)


def _make_models() -> None:
    program = SHARED / "bench" / "make_models.py"
    if not program.is_file():
        sys.exit("../shared/bench/make_models.py is not here: no models to measure")
    BUILD.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, str(program), str(BUILD)], check=True)
