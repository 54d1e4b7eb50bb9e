"""One library for several targets, and layers split for several threads: equal bits."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from execution import SANITIZERS, Machine
from onnx import helper
from small_models import model

import qcc
from qcc.codegen.targets import TARGETS, host_architecture, runs_here
from qcc.runtime.session import ModelLoadError

SHAPE = (1, 16, 40, 40)


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    """A model whose layers are heavy enough to be split, and an input of it."""
    rng = np.random.default_rng(0)
    weights = {
        "a": rng.standard_normal((24, 16, 3, 3)).astype(np.float32),
        "b": rng.standard_normal((40, 24, 1, 1)).astype(np.float32),
        "c": rng.standard_normal((40, 40, 3, 3)).astype(np.float32) / 10,
    }
    nodes = [
        helper.make_node("Conv", ["x", "a"], ["p"], "first", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["p"], ["q"], "clamp"),
        helper.make_node("Conv", ["q", "b"], ["r"], "point"),
        helper.make_node(
            "Conv", ["r", "c"], ["s"], "stride", strides=[2, 2], pads=[1, 1, 0, 0]
        ),
        helper.make_node("Relu", ["s"], ["y"], "last"),
    ]
    path = tmp_path_factory.mktemp("wide") / "wide.onnx"
    path.write_bytes(model(nodes, weights, {"x": SHAPE}).SerializeToString())
    return path, rng.standard_normal(SHAPE).astype(np.float32)


def test_threads_give_the_same_bits(wide: tuple[Path, np.ndarray], tmp_path: Path):
    path, x = wide
    feeds = {"x": x}
    Machine.of("portable")
    one = qcc.compile(path, tmp_path / "one.so", calibration=[feeds])
    many = qcc.compile(path, tmp_path / "many.so", calibration=[feeds], threads=3)
    [expected] = qcc.InferenceSession(one).run(None, feeds)
    for threads in (1, 2, 3, 5):
        session = qcc.InferenceSession(many, threads=threads)
        for _ in range(20):
            [actual] = session.run(None, feeds)
            np.testing.assert_array_equal(actual, expected)
        session.close()


RUN = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "many.h"
static int calls;
static void in_turn(void *user, void (*task)(void *, int), void *argument, int count) {
    (void)user;
    calls++;
    for (int part = count - 1; part >= 0; part--)
        task(argument, part);
}
int main(void) {
    static float x[MANY_X_ELEMENTS], y[MANY_Y_ELEMENTS], z[MANY_Y_ELEMENTS];
    for (int i = 0; i < MANY_X_ELEMENTS; i++)
        x[i] = (float)(i % 17) - 8.0f;
    unsigned char *arena = aligned_alloc(MANY_ARENA_ALIGN, MANY_ARENA_BYTES);
    many_context context;
    many_options options = {0};
    options.threads = 3;
    if (many_init(&context, arena, &options) || many_run(&context, x, y))
        return 1;
    many_stop(&context);
    options.threads = 0;
    options.parallel_for = in_turn;
    if (many_init(&context, arena, &options) || many_run(&context, x, z))
        return 2;
    free(arena);
    return calls > 0 && memcmp(y, z, sizeof y) == 0 ? 0 : 3;
}
"""


@pytest.mark.parametrize("sanitizer", [SANITIZERS, ("-g", "-fsanitize=thread")])
def test_pool_and_parallel_for_in_c(
    wide: tuple[Path, np.ndarray], tmp_path: Path, sanitizer: tuple[str, ...]
):
    path, x = wide
    machine = Machine.of("portable")
    qcc.compile(path, tmp_path / "many.c", calibration=[{"x": x}], threads=3)
    (tmp_path / "main.c").write_text(RUN)
    command = [*machine.compiler, "-std=c11", "-O1", "-pthread", *sanitizer]
    command += ["main.c", "many.c", "-o", "main"]
    subprocess.run(command, cwd=tmp_path, check=True)
    subprocess.run(["./main"], cwd=tmp_path, check=True)


def test_one_library_for_several_targets(wide: tuple[Path, np.ndarray], tmp_path: Path):
    path, x = wide
    Machine.of("portable")
    family = [t for t in TARGETS.values() if t.architecture == host_architecture()]
    names = ["portable", *(target.name for target in family)]
    library = qcc.compile(
        path, tmp_path / "all.so", calibration=[{"x": x}], target=",".join(names)
    )
    [expected] = qcc.InferenceSession(library, target="portable").run(None, {"x": x})
    usable = [target.name for target in family if runs_here(target)]
    for name in usable:
        session = qcc.InferenceSession(library, target=name)
        assert session.target == name
        np.testing.assert_array_equal(session.run(None, {"x": x})[0], expected)
    assert qcc.InferenceSession(library).target in usable
    with pytest.raises(ModelLoadError, match="not for the target asked for"):
        qcc.InferenceSession(library, target="armv0")


def test_winograd_on_one_target_and_several_threads(
    wide: tuple[Path, np.ndarray], tmp_path: Path
):
    path, x = wide
    Machine.of("x86-64-v3")
    calibration, target = [{"x": x}], "x86-64-v3,portable"
    source = tmp_path / "text.c"
    qcc.compile(path, source, calibration=calibration, target=target)
    text = source.read_text()
    assert "qcc_conv2d_s8s8_winograd_4x16c4__avx2((qcc_conv2d_args)" in text
    for threads in (1, 3):
        library = qcc.compile(
            path,
            tmp_path / f"{threads}.so",
            calibration=calibration,
            target=target,
            threads=threads,
        )
        [expected] = qcc.InferenceSession(library, target="portable").run(
            None, {"x": x}
        )
        session = qcc.InferenceSession(library, target="x86-64-v3")
        np.testing.assert_array_equal(session.run(None, {"x": x})[0], expected)


def test_targets_of_two_families(tmp_path: Path, wide: tuple[Path, np.ndarray]):
    with pytest.raises(qcc.QccError, match="no library can be made"):
        qcc.compile(wide[0], tmp_path / "both.so", target="x86-64,armv8")
