"""The memory plan: no two live buffers share bytes, and the arena is small."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qcc.codegen.plan_memory import (
    ALIGNMENT,
    Interval,
    align,
    lower_bound,
    plan,
    plan_centred,
)

intervals = st.lists(
    st.tuples(st.integers(1, 5000), st.integers(0, 30), st.integers(0, 10)).map(
        lambda t: Interval(align(t[0]), t[1], t[1] + t[2])
    ),
    min_size=1,
    max_size=40,
)


def extent(live: list[Interval], offsets: list[int]) -> int:
    return max(o + i.size for o, i in zip(offsets, live, strict=True))


@given(intervals, st.booleans())
def test_live_buffers_do_not_overlap(live: list[Interval], reuse: bool):
    offsets = plan(live, reuse=reuse)
    placed = list(zip(live, offsets, strict=True))
    assert all(offset >= 0 and offset % ALIGNMENT == 0 for offset in offsets)
    for (a, at_a), (b, at_b) in itertools.combinations(placed, 2):
        if a.meets(b) or not reuse:
            assert at_a + a.size <= at_b or at_b + b.size <= at_a


@given(intervals)
def test_arena_is_between_lower_bound_and_no_reuse(live: list[Interval]):
    size = extent(live, plan(live))
    assert lower_bound(live) <= size <= sum(interval.size for interval in live)


@given(intervals)
def test_centred_buffers_do_not_overlap(live: list[Interval]):
    placed = list(zip(live, plan_centred(live), strict=True))
    assert all(offset >= 0 and offset % ALIGNMENT == 0 for _, offset in placed)
    for (a, at_a), (b, at_b) in itertools.combinations(placed, 2):
        if a.meets(b):
            assert at_a + a.size <= at_b or at_b + b.size <= at_a
    size = extent(live, plan(live, threads=2))
    assert size <= 1.05 * extent(live, plan(live))


def test_two_threads_keep_their_halves():
    """Sizes of a network whose images shrink: two centres for all buffers."""
    sizes = [1280, 2560, 1280, 2560, 640, 1280, 640]
    chain = [Interval(size, step, step + 1) for step, size in enumerate(sizes)]
    offsets = plan(chain, threads=2)
    assert extent(chain, offsets) == extent(chain, plan(chain)) == 3840
    middles = {o + i.size // 2 for o, i in zip(offsets, chain, strict=True)}
    assert len(middles) == 2


def test_chain_needs_two_buffers():
    chain = [Interval(640, step, step + 1) for step in range(10)]
    assert lower_bound(chain) == 1280
    assert extent(chain, plan(chain)) == 1280


def test_exchanges_find_what_no_single_order_does():
    lives = [(256, 6, 6), (320, 5, 7), (256, 1, 3), (192, 0, 1), (320, 2, 4)]
    live = [Interval(*sizes) for sizes in [*lives, (192, 1, 1)]]
    ends = [o + i.size for o, i in zip(plan(live), live, strict=True)]
    assert max(ends) == lower_bound(live) == 640


@pytest.mark.parametrize(("size", "expected"), [(0, 0), (1, 64), (64, 64), (65, 128)])
def test_align(size: int, expected: int):
    assert align(size) == expected
