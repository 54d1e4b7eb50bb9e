"""The float functions: accuracy, special cases, and numpy equal to C in every bit."""

import ctypes
import importlib.util
import math
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray
from support.harness import compile_c

from qcc.dialects.reference import float_functions

Floats = NDArray[np.float32]
UNARY = ["exp", "log", "sigmoid", "tanh", "erf", "sqrt"]
SPECIAL = np.array(
    [
        *(
            0,
            -0.0,
            1,
            -1,
            2,
            -2,
            0.5,
            -0.5,
            np.inf,
            -np.inf,
            np.nan,
            3,
            -3,
            1e-45,
            -1e-45,
        ),
        *(3e38, -3e38, 1e9, -1e9, 88.7228, 88.7229, -87.4, -103.97, -103.98, -104.1),
        *(0.0625, 0.06249999, 3.9999998, 4.0, 1.1754942e-38, 0.99999994, 1.0000001),
    ],
    np.float32,
)

C_SOURCE = """
#include "portable/float_functions.h"
#define UNARY(name) \\
    void run_##name(int64_t n, const float *x, float *y); \\
    void run_##name(int64_t n, const float *x, float *y) { \\
        for (int64_t i = 0; i < n; i++) y[i] = qcc_##name##_f32(x[i]); \\
    }
UNARY(exp) UNARY(log) UNARY(sigmoid) UNARY(tanh) UNARY(erf) UNARY(sqrt)
void power(int64_t n, const float *x, const float *e, float *y);
void power(int64_t n, const float *x, const float *e, float *y) {
    for (int64_t i = 0; i < n; i++) y[i] = qcc_pow_f32(x[i], e[i]);
}
"""


def generator() -> ModuleType:
    path = Path(__file__).parent / "generate_float_constants.py"
    spec = importlib.util.spec_from_file_location("generate_float_constants", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def samples(seed: int, count: int = 100_000) -> Floats:
    """Values of every magnitude, dense where the functions bend, and special ones."""
    rng = np.random.default_rng(seed)
    bits = rng.integers(0, 1 << 32, count, dtype=np.uint64).astype(np.uint32)
    near_one = 1 + rng.normal(size=count) * 10.0 ** rng.uniform(-7, 0, count)
    parts = [rng.uniform(-105, 90, count), rng.uniform(-4.2, 4.2, count), near_one]
    wide = np.concatenate([p.astype(np.float32) for p in parts])
    return np.concatenate([wide, bits.view(np.float32), SPECIAL])


def exact(name: str, x: Floats) -> NDArray[np.float64]:
    """The function in float64."""
    with np.errstate(all="ignore"):
        wide = x.astype(np.float64)
        if name == "erf":
            return np.array([math.erf(v) for v in wide])
        if name == "sigmoid":
            power = np.exp(-np.abs(wide))
            return np.where(wide < 0, power, 1.0) / (1 + power)
        function: Callable[..., NDArray[np.float64]] = getattr(np, name)
        return function(wide)


def error_in_ulps(got: Floats, want: NDArray[np.float64]) -> float:
    """The largest error; infinite where infinities or NaN differ."""
    with np.errstate(all="ignore"):
        rounded = want.astype(np.float32)
        unit = np.spacing(np.abs(rounded)).astype(np.float64)
        error = np.abs(got.astype(np.float64) - want) / unit
    same = (got == rounded) | (np.isnan(got) & np.isnan(rounded))
    both = np.isfinite(got) & np.isfinite(rounded)
    return float(np.where(both, error, np.where(same, 0, np.inf)).max())


def bits(x: Floats) -> NDArray[np.uint32]:
    return x.view(np.uint32)


def compiled(compiler: str, *flags: str) -> ctypes.CDLL:
    command = [compiler, *flags, "-shared", "-fPIC"]
    return ctypes.CDLL(str(compile_c(C_SOURCE, command, ".so")))


def call(function: Callable[..., None], *arrays: Floats) -> Floats:
    result = np.empty_like(arrays[0])
    pointers = [ctypes.c_void_p(a.ctypes.data) for a in (*arrays, result)]
    function(ctypes.c_int64(result.size), *pointers)
    return result


def test_constants_are_those_of_the_generator():
    module = generator()
    assert module.PYTHON_FILE.read_text() == module.python_text()
    assert module.C_FILE.read_text() == module.c_text()


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("exp", 0.502),
        ("log", 0.502),
        ("sigmoid", 0.52),
        ("tanh", 0.52),
        ("erf", 0.51),
        ("sqrt", 0.5),
    ],
)
def test_error_against_float64(name: str, limit: float):
    x = samples(1)
    got = getattr(float_functions, f"{name}_f32")(x)
    assert error_in_ulps(got, exact(name, x)) <= limit


def powers(seed: int) -> tuple[Floats, Floats]:
    """Bases and exponents: small powers, huge exponents beside 1, special pairs."""
    rng = np.random.default_rng(seed)
    n = 100_000
    x, y = [np.abs(rng.normal(size=n))], [rng.uniform(-40, 40, n)]
    x.append(1 + rng.normal(size=n) * 10.0 ** rng.uniform(-7, -1, n))
    y.append(rng.normal(size=n) * 10.0 ** rng.uniform(0, 8, n))
    x.append(rng.normal(size=n) * 10.0 ** rng.uniform(-6, 6, n))
    y.append(rng.integers(-5, 6, n) * rng.choice([1, 0.5], n))
    pairs = np.meshgrid(SPECIAL, SPECIAL)
    x.append(pairs[0].ravel())
    y.append(pairs[1].ravel())
    return np.concatenate(x).astype(np.float32), np.concatenate(y).astype(np.float32)


def test_error_of_pow_and_its_special_cases():
    x, y = powers(2)
    with np.errstate(all="ignore"):
        want = np.power(x.astype(np.float64), y.astype(np.float64))
    assert error_in_ulps(float_functions.pow_f32(x, y), want) <= 0.512


def test_signs_of_zeros_and_exact_powers():
    x = np.array([-0.0, -0.0, -0.0, -np.inf, 3, 9, 4], np.float32)
    y = np.array([3, 2, -3, -3, 2, 0.5, -1], np.float32)
    want = np.array([-0.0, 0.0, -np.inf, -0.0, 9, 3, 0.25], np.float32)
    assert (bits(float_functions.pow_f32(x, y)) == bits(want)).all()
    square = samples(3)
    with np.errstate(all="ignore"):
        product = square * square
    got = float_functions.pow_f32(square, np.float32(2))
    assert (bits(got)[~np.isnan(square)] == bits(product)[~np.isnan(square)]).all()


@pytest.mark.parametrize("name", ["tanh", "erf"])
def test_odd_functions_keep_the_sign_of_zero(name: str):
    x = np.array([0.0, -0.0], np.float32)
    got = getattr(float_functions, f"{name}_f32")(x)
    assert (bits(got) == bits(x)).all()


@pytest.mark.parametrize(
    "command",
    [
        ("gcc", "-O2"),
        ("gcc", "-O3", "-march=native", "-ffp-contract=fast"),
        ("clang", "-O3", "-march=native", "-ffp-contract=fast"),
    ],
    ids=" ".join,
)
def test_c_is_equal_in_every_bit(command: tuple[str, ...]):
    library = compiled(*command)
    x = samples(4)
    for name in UNARY:
        want = getattr(float_functions, f"{name}_f32")(x)
        got = call(getattr(library, f"run_{name}"), x)
        assert (bits(got) == bits(want)).all(), name
    x, y = powers(5)
    got = call(library.power, x, y)
    assert (bits(got) == bits(float_functions.pow_f32(x, y))).all()
