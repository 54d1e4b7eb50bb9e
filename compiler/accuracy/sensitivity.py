"""
What the rounding of each layer alone does to the outputs of the model.

A layer rounds its weights and its result. Each is measured in a model in which nothing
else is rounded, so a layer is blamed for what it makes of its values, and not for what
its operands lost before.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import dropwhile, takewhile

import numpy as np
from xdsl.dialects.builtin import ModuleOp
from xdsl.ir import Operation, SSAValue
from xdsl.passes import ModulePass
from xdsl.rewriter import Rewriter

from qcc.compiler.accuracy.metrics import Outputs
from qcc.compiler.accuracy.simulation import simulate
from qcc.compiler.calibration.samples import Sample
from qcc.compiler.pipeline import run_pipeline
from qcc.compiler.progress import track
from qcc.dialects.naming import model_function
from qcc.dialects.quant import DequantizeCastOp, QuantizeCastOp
from qcc.passes.layers import layers
from qcc.passes.quantizable import Form, constant_array, form_of
from qcc.passes.ranges import RANGE


@dataclass(frozen=True)
class Site:
    """Something that is rounded, and the layers that must be float to spare it."""

    casts: tuple[int, ...]
    """The numbers of its casts among all of the module."""
    owners: tuple[int, ...]
    """The layers that are blamed for it."""
    layers: tuple[int, ...]
    """Those, and the ones that read the result."""
    noise: float = 0.0
    """Of the worst output, in units of its signal (both mean squares)."""


class RoundedModel:
    """A model with casts around all that will be integer, none of them cancelled."""

    def __init__(
        self,
        module: ModuleOp,
        passes: Sequence[ModulePass],
        *,
        float_outputs: bool,
    ) -> None:
        """`module` is float, with names; `passes` are those to the QDQ form."""
        self._module = module.clone()
        run_pipeline(self._module, [*takewhile(_is_before_casts, passes)])
        func = model_function(self._module)
        self.layers = layers(func, float_outputs=float_outputs)
        self._layer_of = {
            op: index for index, layer in enumerate(self.layers) for op in layer.ops
        }
        rest = dropwhile(_is_before_casts, passes)
        run_pipeline(self._module, [*takewhile(_is_before_cancelling, rest)])
        self._casts = _casts(self._module)

    def sites(self) -> list[Site]:
        """All that is rounded: by layers in order, results before weights."""
        found: dict[tuple[tuple[int, ...], bool], list[int]] = {}
        readers: dict[tuple[tuple[int, ...], bool], set[int]] = {}
        for number, cast in enumerate(self._casts):
            is_weight = constant_array(cast.input) is not None
            read_by = self._readers(cast.result)
            made_by = () if is_weight else self._makers(cast.input)
            # What no layer makes (an input) is spared by keeping those that read it.
            owners = tuple(sorted(made_by or read_by))
            if owners:
                found.setdefault((owners, is_weight), []).append(number)
                touched = readers.setdefault((owners, is_weight), set(owners))
                touched |= set() if is_weight else read_by
        return [
            Site(tuple(numbers), key[0], tuple(sorted(readers[key])))
            for key, numbers in sorted(found.items())
        ]

    def only(self, site: Site) -> ModuleOp:
        """The model in which nothing but `site` is rounded."""
        module = self._module.clone()
        for number, cast in enumerate(_casts(module)):
            if number in site.casts:
                continue
            for use in list(cast.result.uses):
                dequantize = use.operation
                assert isinstance(dequantize, DequantizeCastOp)
                Rewriter.replace_op(dequantize, [], [cast.input])
            Rewriter.erase_op(cast)
        return module

    def _makers(self, value: SSAValue) -> set[int]:
        owner = value.owner
        if not isinstance(owner, Operation):
            return set()
        if owner in self._layer_of:
            return {self._layer_of[owner]}
        if form_of(owner) != Form.MOVEMENT:
            return set()
        sources = [o for v in owner.operands if (o := _behind_casts(v)) is not None]
        return set[int]().union(*(self._makers(source) for source in sources))

    def _readers(self, value: SSAValue) -> set[int]:
        """The layers that read a value, through casts and data movement."""
        found: set[int] = set()
        waiting = [value]
        for each in waiting:
            for use in each.uses:
                user = use.operation
                if user in self._layer_of:
                    found.add(self._layer_of[user])
                elif isinstance(user, DequantizeCastOp | QuantizeCastOp):
                    waiting.append(user.result)
                elif form_of(user) == Form.MOVEMENT:
                    waiting.append(user.results[0])
        return found


def _behind_casts(value: SSAValue) -> SSAValue | None:
    """What a movement op would read without our casts; None for a parameter."""
    if isinstance(value.owner, DequantizeCastOp):
        source = value.owner.input.owner
        return source.input if isinstance(source, QuantizeCastOp) else None
    return value


def _is_before_casts(each: ModulePass) -> bool:
    return each.name != "insert-quantize"


def _is_before_cancelling(each: ModulePass) -> bool:
    return each.name != "cancel-casts"


def _casts(module: ModuleOp) -> list[QuantizeCastOp]:
    """The casts that are ours, in order: of values with a range, and of weights."""
    return [
        op
        for op in module.walk()
        if isinstance(op, QuantizeCastOp)
        and (RANGE in op.attributes or constant_array(op.input) is not None)
    ]


def measure(
    model: RoundedModel,
    samples: Sequence[Sample],
    reference: Sequence[Outputs],
    *,
    progress: bool | None = None,
) -> list[Site]:
    """The sites of `model` with their noise, the worst first; ties in order."""
    measured: list[Site] = []
    sites = model.sites()
    for site in track(sites, "ranking layers", len(sites), show=progress):
        noise = noise_of(reference, simulate(model.only(site), samples))
        measured.append(Site(site.casts, site.owners, site.layers, noise))
    return sorted(measured, key=lambda site: -site.noise)


def noise_of(reference: Iterable[Outputs], outputs: Iterable[Outputs]) -> float:
    """The mean square of the error over that of the signal, of the worst output."""
    signals: list[list[float]] = []
    noises: list[float] = []
    for expected, found in zip(reference, outputs, strict=True):
        for index, (x, y) in enumerate(zip(expected, found, strict=True)):
            if index == len(noises):
                signals.append([])
                noises.append(0.0)
            exact = x.astype(np.float64)
            signals[index].append(float(np.mean(exact**2)))
            noises[index] += float(np.mean((exact - y) ** 2))
    ratios = [
        noise / max(math.fsum(signal), np.finfo(np.float64).tiny)
        for noise, signal in zip(noises, signals, strict=True)
    ]
    return max(ratios, default=0.0)
