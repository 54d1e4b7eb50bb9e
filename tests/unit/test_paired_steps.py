"""Which steps are proven to fit int16 together."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from numpy.typing import NDArray

from qcc.codegen.lowerings.convolution import Geometry
from qcc.codegen.lowerings.paired_steps import bounds, fits, matches, with_tables
from qcc.codegen.packing import pack_conv2d
from qcc.dialects.types import Array

TILE = (4, 16, 4)


def packed(weights: Array) -> NDArray[np.int8]:
    """Weights [16 blocks, taps] as the kernel has them."""
    return pack_conv2d(weights.astype(np.int8)[:, :, None, None], TILE)


def steps_of(*taps: list[int]) -> NDArray[np.int8]:
    """One block whose channel 5 has these taps, 4 for each step; all others have 0."""
    weights = np.zeros((16, 4 * len(taps)), np.int8)
    weights[5] = np.concatenate(taps)
    return packed(weights)


@pytest.mark.parametrize(
    ("first", "second", "fit"),
    [
        ([127, 127, 0, 0], [0, 0, 0, 0], True),
        ([64, 64, 0, 0], [63, 63, 0, 0], True),
        ([64, 0, 0, 0], [0, 64, 0, 0], False),
        ([64, 64, 0, 0], [64, -127, 0, 0], False),
        ([0, 0, 64, 0], [64, 0, 0, 64], False),
        ([127, 127, 0, 0], [0, 0, 127, 127], True),  # other halves of a step
        ([127, 127, 0, 0], [-127, -127, 0, 0], True),  # of different signs
        ([-64, 0, 0, 0], [-64, 0, 0, 0], False),
        ([-64, 0, 0, 0], [0, -63, 0, 0], True),
        ([127, -1, 0, 0], [-126, 0, 0, 0], True),
        ([127, -2, 0, 0], [-126, 0, 0, 0], False),
    ],
)
def test_two_steps(first: list[int], second: list[int], fit: bool) -> None:
    paired, single = matches(bounds(steps_of(first, second), 1)[0])
    assert bool(paired) == fit
    assert sorted(paired + single) == [0, 1]
    if fit:
        # The largest and least sums of activations that are at most 258 in sum.
        activations = [(x, y) for x, y in product(range(256), repeat=2) if x + y == 258]
        activations += [(255, 0), (0, 255), (0, 0)]
        for half in (slice(0, 2), slice(2, 4)):
            sums = [np.array(activations) @ w[half] for w in (first, second)]
            for way in (np.max, np.min):
                total = way(sums[0]) + way(sums[1])
                assert -(2**15) <= total < 2**15


@pytest.mark.parametrize("spread", [20, 40, 60])
def test_no_pair_can_overflow(spread: int) -> None:
    rng = np.random.default_rng(spread)
    weights = np.clip(rng.normal(0, spread, (48, 200)).round(), -127, 127)
    blocks = bounds(packed(weights), 3)
    for index, largest in enumerate(blocks):
        paired, single = matches(largest)
        assert sorted(paired + single) == list(range(50))
        w = weights.reshape(3, 16, 50, 2, 2)[index].astype(int)
        most = 258 * np.maximum(w.max(-1), 0), 258 * np.maximum((-w).max(-1), 0)
        for first, second in zip(paired[::2], paired[1::2], strict=True):
            for sums in most:
                assert (sums[:, first] + sums[:, second]).max() < 2**15
        clash = largest.astype(int)
        for first, second in combinations(single, 2):  # none is left that would go
            assert (clash[:, first] + clash[:, second]).max() > 127


def test_tables_are_behind_the_weights_of_their_channels() -> None:
    rng = np.random.default_rng(3)
    weights = rng.integers(-40, 41, (40, 132))
    whole = with_tables(packed(weights), 3)
    assert whole is not None
    size = 33 * 64 + 128
    assert whole.size == 3 * size
    for index, block in enumerate(whole.reshape(3, size)):
        np.testing.assert_array_equal(
            block[: 33 * 64], packed(weights).reshape(3, -1)[index]
        )
        table = block[33 * 64 :].view("<u2")
        assert table[0] == 16
        assert sorted(table[1:34]) == list(range(33))
        assert not table[34:].any()


def test_few_pairs_have_no_table() -> None:
    assert with_tables(packed(np.full((16, 128), 100)), 1) is None


@pytest.mark.parametrize(
    ("geometry", "taken"),
    [
        (Geometry(1, (1, 9), 64, (1, 9), 16), True),
        (Geometry(1, (1, 9), 60, (1, 9), 16), False),
        (Geometry(1, (1, 9), 64, (1, 9), 15), False),
        (Geometry(1, (1, 9), 64, (1, 9), 32, groups=2), False),
        (Geometry(1, (9, 9), 64, (7, 7), 16, kernel=(3, 3)), False),
    ],
)
def test_geometries(geometry: Geometry, taken: bool) -> None:
    assert fits(geometry) == taken
