"""Samples in image files: decoded, resized, normalized, one at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qcc.compiler.calibration.samples import Array, InputSpec, Samples
from qcc.dialects.errors import QccError

SUFFIXES = frozenset(
    {".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
)

_MODES = {1: "L", 3: "RGB"}
_LAYOUTS = ("nchw", "nhwc")


@dataclass(frozen=True)
class Preprocess:
    """
    From an image file to a sample: decode, resize, (pixel - mean) / std.

    `mean` and `std` are float32 of shape [1] or [channels], in units of pixels 0..255.
    """

    height: int
    width: int
    channels: int
    layout: str
    mean: Array
    std: Array

    @classmethod
    def of(
        cls,
        inputs: Sequence[InputSpec],
        mean: Sequence[float] | float | None,
        std: Sequence[float] | float | None,
        layout: str | None,
    ) -> Preprocess:
        """QccError where the model's inputs or these numbers do not suit images."""
        if len(inputs) != 1 or len(inputs[0].shape) not in (3, 4):
            raise QccError(
                "images need a model with one input of shape [1, C, H, W] or "
                "[1, H, W, C]",
                why="its inputs are " + ", ".join(spec.describe() for spec in inputs),
                remedy="give the samples as an .npz file",
            )
        spec = inputs[0]
        layout = _layout(spec, layout)
        sizes = spec.shape[-3:]
        channels = sizes[0] if layout == "nchw" else sizes[2]
        height, width = sizes[1:] if layout == "nchw" else sizes[:2]
        if channels not in _MODES or spec.shape[:-3] not in ((), (1,)):
            raise QccError(
                f"images do not fit the input {spec.describe()}",
                tensor=spec.name,
                why=f"as {layout} it has {channels} channels; images have 1 or 3",
                remedy="try the other --layout, or give the samples as an .npz file",
            )
        if spec.dtype.kind in "iub" and (mean is not None or std is not None):
            raise QccError(
                f"mean and std do not fit the {spec.dtype} input {spec.name!r}",
                tensor=spec.name,
                why="it takes the pixels as they are",
            )
        means = _per_channel("mean", 0.0 if mean is None else mean, channels)
        stds = _per_channel("std", 1.0 if std is None else std, channels)
        if not (stds > 0).all():
            raise QccError("std must be positive", why=f"it is {stds.tolist()}")
        return cls(height, width, channels, layout, means, stds)

    def read(self, file: Path) -> Array:
        """The image as float32 [C, H, W] or [H, W, C]; QccError if it is not one."""
        from PIL import Image

        try:
            with Image.open(file) as image:
                if image.mode.startswith(("I", "F")):
                    raise ValueError(f"{image.mode} pixels are not 8 bits deep")
                if "transparency" in image.info:
                    image = image.convert("RGBA")
                image = image.convert(_MODES[self.channels])
                size = (self.width, self.height)
                image = image.resize(size, Image.Resampling.BILINEAR)
                pixels = np.asarray(image, np.float32)
        except (
            OSError,
            ValueError,
            SyntaxError,
            Image.DecompressionBombError,
        ) as error:
            raise QccError(f"cannot read the image {file}", why=str(error)) from None
        pixels = pixels.reshape(self.height, self.width, self.channels)
        pixels = (pixels - self.mean) / self.std
        return pixels.transpose(2, 0, 1) if self.layout == "nchw" else pixels


def _layout(spec: InputSpec, layout: str | None) -> str:
    if layout is None:
        last_only = spec.shape[-1] in _MODES and spec.shape[-3] not in _MODES
        return "nhwc" if last_only else "nchw"
    if layout.lower() not in _LAYOUTS:
        raise QccError(
            f"there is no layout {layout!r}", remedy="use " + " or ".join(_LAYOUTS)
        )
    return layout.lower()


def _per_channel(what: str, value: Sequence[float] | float, channels: int) -> Array:
    result = np.atleast_1d(np.asarray(value, np.float32))
    if result.shape not in ((1,), (channels,)) or not np.isfinite(result).all():
        raise QccError(
            f"{what} does not fit an input of {channels} channels",
            why=f"it is {result.tolist()}",
            remedy=f"give one number, or {channels}",
        )
    return result


def samples(
    files: Sequence[Path], inputs: Sequence[InputSpec], preprocess: Preprocess
) -> Samples:
    """One sample per file; QccError at once where pillow is not installed."""
    try:
        import PIL.Image  # noqa: F401  # pyright: ignore[reportUnusedImport]
    except ImportError:
        raise QccError(
            "images need the package pillow, which is not installed",
            remedy='pip install "qcc[images]"',
        ) from None
    (spec,) = inputs

    def read() -> Iterator[tuple[str, Mapping[str, Array]]]:
        for file in files:
            pixels = preprocess.read(file)
            if spec.dtype.kind in "iu":
                pixels = pixels.astype(np.uint8)
            yield str(file), {spec.name: pixels}

    return Samples(inputs, read, len(files))
