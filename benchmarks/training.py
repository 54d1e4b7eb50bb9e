"""
Quantization-aware training against post-training quantization, on a small network.

    python -m benchmarks.training [--seeds N]

Scikit-learn's handwritten digits, half of them for training. The network is a narrow
MobileNetV2 with hard swish. Its BatchNorm scales start log-normally distributed: that
gives it the unequal channel ranges for which published MobileNets are known to lose
accuracy in int8 (Nagel et al., "Data-Free Quantization Through Weight Equalization and
Bias Correction", 2019, section 3.1), and which hard swish keeps equalization from
undoing. Post-training quantization is what `qcc` does by default with 200 samples.

Exit status 1 unless every output element of the trained library is that of the prepared
model, post-training quantization loses 2 points or more, and training at most half of
it, in the mean of all seeds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

import qcc

try:
    import torch
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
    from torch import nn
    from torch.nn import functional
except ModuleNotFoundError as error:
    sys.exit(f"error: {error}; pip install '.[training]'")

Array = NDArray[Any]

EPOCHS = 40
BATCH = 64
CALIBRATION_SAMPLES = 200
SPREAD = 1.25
"""Standard deviation of the logarithm of BatchNorm's first scales."""

POINTS = 2.0
"""What post-training quantization has to lose for the comparison to mean anything."""


class Block(nn.Module):
    """Inverted residual of MobileNetV2: expand, filter each channel, project."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1):
        super().__init__()
        wide = 3 * inputs
        self.expand = convolution(inputs, wide, 1)
        self.depthwise = convolution(wide, wide, 3, stride, wide)
        self.project = convolution(wide, outputs, 1, activation=nn.Identity)
        self.is_residual = inputs == outputs and stride == 1

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.project(self.depthwise(self.expand(x)))
        return x + y if self.is_residual else y


def convolution(
    inputs: int,
    outputs: int,
    size: int,
    stride: int = 1,
    groups: int = 1,
    activation: Any = nn.Hardswish,
) -> nn.Sequential:
    """Convolution, BatchNorm and an activation."""
    conv = nn.Conv2d(
        inputs, outputs, size, stride, size // 2, groups=groups, bias=False
    )
    norm = nn.BatchNorm2d(outputs)
    nn.init.normal_(norm.weight, 0, SPREAD).data.exp_()
    return nn.Sequential(conv, norm, activation())


def network() -> nn.Sequential:
    """Logits [N, 10] of images [N, 1, 8, 8] with values 0..1; 17 layers."""
    return nn.Sequential(
        convolution(1, 8, 3),
        Block(8, 8),
        Block(8, 8),
        Block(8, 16, 2),
        Block(16, 16),
        Block(16, 16),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(16, 10),
    )


@dataclass(frozen=True)
class Digits:
    """Images [N, 1, 8, 8] float32 and labels, for training and for testing."""

    images: torch.Tensor
    labels: torch.Tensor
    test_images: torch.Tensor
    test_labels: Array

    @property
    def steps(self) -> int:
        """Batches of an epoch."""
        return len(self.images) // BATCH


def digits(seed: int) -> Digits:
    """The data set, split in halves of equal classes."""
    data: Any = load_digits()
    images = (data.images[:, None] / 16).astype(np.float32)
    parts: list[Any] = train_test_split(
        images, data.target, test_size=0.5, random_state=seed, stratify=data.target
    )
    tensors = [torch.from_numpy(part) for part in parts]
    return Digits(tensors[0], tensors[2], tensors[1], parts[3])


def train(model: nn.Module, data: Digits, rate: float) -> None:
    """Adam with a cosine schedule; images are shifted by up to a pixel."""
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
        optimizer, EPOCHS * data.steps
    )
    for _ in range(EPOCHS):
        order = torch.randperm(len(data.images))
        for chosen in order[: data.steps * BATCH].split(BATCH):
            shift = torch.randint(-1, 2, (2,)).tolist()
            images = torch.roll(data.images[chosen], shift, (2, 3))
            loss = functional.cross_entropy(model(images), data.labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    model.eval()


def run_library(path: Path, data: Digits) -> Array:
    """Logits of the test images, one by one."""
    session = qcc.InferenceSession(path)
    images = data.test_images.numpy()
    return np.concatenate([session.run(None, {"input": x[None]})[0] for x in images])


def points(logits: Array, data: Digits) -> float:
    """Accuracy in percent."""
    return 100 * float(np.mean(logits.argmax(1) == data.test_labels))


@dataclass(frozen=True)
class Measured:
    """Accuracies in percent; how many outputs are not those of the prepared model."""

    seed: int
    float_points: float
    post_training: float
    trained: float
    outputs: int
    unequal: int
    seconds: float

    @property
    def drops(self) -> tuple[float, float]:
        """Points that post-training quantization and training lose."""
        return (
            self.float_points - self.post_training,
            self.float_points - self.trained,
        )


def measure(seed: int) -> Measured:
    """Trains a float network, quantizes it, trains it on with quantization."""
    from qcc.training import convert, export, prepare

    started = time.monotonic()
    # Tensors this small are not worth a second thread.
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    data, model, example = digits(seed), network(), torch.zeros(1, 1, 8, 8)
    train(model, data, 3e-3)
    with torch.no_grad():
        float_points = points(model(data.test_images).numpy(), data)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.so"
        chosen = data.images[:CALIBRATION_SAMPLES].numpy()
        samples = [{"input": x[None]} for x in chosen]
        float_model = export(model, example)
        qcc.compile(float_model, path, calibration=samples, int8_only=True)
        post_training = points(run_library(path, data), data)

        freeze = 3 * EPOCHS * data.steps // 4
        prepared = prepare(model, example, freeze_delay=freeze)
        train(prepared, data, 1e-3)
        simulated = prepared(data.test_images).numpy()
        path = Path(folder) / "trained.so"
        qcc.compile(convert(prepared), path, int8_only=True)
        logits = run_library(path, data)
    return Measured(
        seed,
        float_points,
        post_training,
        points(logits, data),
        logits.size,
        int((logits != simulated).sum()),
        time.monotonic() - started,
    )


def is_met(rows: list[Measured]) -> bool:
    """What the exit status says."""
    before, after = np.mean([row.drops for row in rows], axis=0)
    equal = not any(row.unequal for row in rows)
    return bool(equal and before >= POINTS and after <= before / 2)


def all_seeds(count: int) -> Iterator[Measured]:
    """One after the other."""
    for seed in range(count):
        yield measure(seed)


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="benchmarks.training")
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    table = Table(
        "seed", "float", "post-training", "drop", "trained", "drop", "outputs", "s"
    )
    rows: list[Measured] = []
    for row in all_seeds(arguments.seeds):
        rows.append(row)
        before, after = row.drops
        print(f"seed {row.seed}: {before:.2f} and {after:.2f} points", file=sys.stderr)
        table.add_row(
            str(row.seed),
            f"{row.float_points:.2f} %",
            f"{row.post_training:.2f} %",
            f"{before:.2f}",
            f"{row.trained:.2f} %",
            f"{after:.2f}",
            f"{row.unequal} of {row.outputs} differ",
            f"{row.seconds:.0f}",
        )
    before, after = np.mean([row.drops for row in rows], axis=0)
    table.add_row("mean", "", "", f"{before:.2f}", "", f"{after:.2f}", "", "")
    console = Console()
    console.print(table)
    met = is_met(rows)
    console.print("met" if met else "NOT met", style="green" if met else "red")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
