"""
Compute the constants of the float functions with 60 digits.

The numbers are committed in `dialects/reference/float_constants.py` and in
`runtime/kernels/portable/float_constants.h`; a test compares both with this file.
Run it to write both again: `python tests/kernels/generate_float_constants.py`.
"""

from decimal import Decimal, getcontext
from pathlib import Path

getcontext().prec = 60

ROOT = Path(__file__).parents[2]
PYTHON_FILE = ROOT / "dialects/reference/float_constants.py"
C_FILE = ROOT / "runtime/kernels/portable/float_constants.h"

LN2 = Decimal(2).ln()

# The logarithm's table has one entry for each 1/128 of the significand in [1, 2);
# from this index on the significand counts as below 1 (about the square root of 2).
LOG_SPLIT = 53
LOG_RECIPROCAL_BITS = 8
ERF_INTERVALS_PER_UNIT = 16
ERF_LIMIT = 4
ERF_DEGREE = 5


def fixed(value: Decimal, bits: int) -> int:
    """`value` with `bits` fraction bits, rounded to nearest."""
    return int((value * 2**bits).to_integral_value())


def arctangent_of_inverse(n: int) -> Decimal:
    """atan(1/n) by its series."""
    total, power, k = Decimal(0), Decimal(1) / n, 0
    while abs(power) > Decimal(10) ** -58:
        total += power / (2 * k + 1) * (-1) ** k
        power /= n * n
        k += 1
    return total


PI = 4 * (4 * arctangent_of_inverse(5) - arctangent_of_inverse(239))
TWO_OVER_SQRT_PI = 2 / PI.sqrt()


def erf(x: Decimal) -> Decimal:
    """The error function by the series with positive terms only."""
    term = x
    total, n = Decimal(0), 0
    while term > Decimal(10) ** -58:
        total += term
        n += 1
        term = term * 2 * x * x / (2 * n + 1)
    return TWO_OVER_SQRT_PI * (-x * x).exp() * total


def erf_taylor(center: Decimal) -> list[Decimal]:
    """
    Taylor coefficients of erf at `center`, degree 0 to ERF_DEGREE.

    erf^(n+1)(x) = (-1)^n 2/sqrt(pi) H_n(x) exp(-x^2), H_n the Hermite polynomials.
    """
    hermite = [Decimal(1), 2 * center]
    for n in range(1, ERF_DEGREE):
        hermite.append(2 * center * hermite[n] - 2 * n * hermite[n - 1])
    slope = TWO_OVER_SQRT_PI * (-center * center).exp()
    coefficients, factorial = [erf(center)], Decimal(1)
    for n in range(ERF_DEGREE):
        factorial *= n + 1
        coefficients.append((-1) ** n * slope * hermite[n] / factorial)
    return coefficients


def log_reciprocals() -> list[int]:
    """8-bit reciprocals of the middle of each interval; 1 beside the value 1."""
    result: list[int] = []
    for index in range(129):
        # Entry i serves significands that round to 1 + i/128.
        middle = 1 + Decimal(index) / 128
        scaled = middle if index < LOG_SPLIT else middle / 2
        result.append(fixed(1 / scaled, LOG_RECIPROCAL_BITS))
    return result


def constants() -> dict[str, int | list[int]]:
    """Name and value of every constant; the names end in the fraction bits."""
    erf_rows = [
        fixed(c, 36)
        for i in range(ERF_LIMIT * ERF_INTERVALS_PER_UNIT)
        for c in erf_taylor((Decimal(i) + Decimal("0.5")) / ERF_INTERVALS_PER_UNIT)
    ]
    reciprocals = log_reciprocals()
    one = Decimal(1)
    return {
        "EXP_INVERSE_STEP_Q25": fixed(64 / LN2, 25),
        "EXP_STEP_Q54": fixed(LN2 / 64, 54),
        "EXP_TABLE_Q48": [fixed((LN2 * i / 64).exp(), 48) for i in range(64)],
        "EXP_POLYNOMIAL_Q36": [fixed(one / n, 36) for n in (2, 6, 24)],
        "LOG_SPLIT": LOG_SPLIT,
        "LOG_LN2_Q55": fixed(LN2, 55),
        "LOG_RECIPROCAL_Q8": reciprocals,
        "LOG_TABLE_Q55": [
            fixed(-(Decimal(c) / 2**LOG_RECIPROCAL_BITS).ln(), 55) for c in reciprocals
        ],
        "LOG_POLYNOMIAL_Q37": [
            fixed((-1) ** (n + 1) * one / n, 37) for n in range(1, 7)
        ],
        "TANH_POLYNOMIAL_Q36": [
            fixed(c, 36) for c in (one, -one / 3, 2 * one / 15, -17 * one / 315)
        ],
        "ERF_TABLE_Q36": erf_rows,
        "ERF_POLYNOMIAL_Q36": [
            fixed(TWO_OVER_SQRT_PI * c, 36)
            for c in (one, -one / 3, one / 10, -one / 42)
        ],
    }


def python_text() -> str:
    """The Python file with the constants."""
    lines = [
        '"""',
        "Fixed-point constants of `float_functions.py`; Qn has n fraction bits.",
        "",
        "Written by `tests/kernels/generate_float_constants.py`, do not edit.",
        '"""',
        "",
        "from collections.abc import Sequence",
        "",
    ]
    for name, value in constants().items():
        if isinstance(value, int):
            lines.append(f"{name} = {value}")
            continue
        lines += [f"{name}: Sequence[int] = (", *(f"    {v}," for v in value), ")"]
    return "\n".join(lines) + "\n"


def c_text() -> str:
    """The C header with the constants; a table is a macro, to be local where used."""
    lines = [
        "/* Fixed-point constants of float_functions.h; Qn has n fraction bits.",
        " * Written by tests/kernels/generate_float_constants.py, do not edit. */",
        "#ifndef QCC_KERNELS_PORTABLE_FLOAT_CONSTANTS_H",
        "#define QCC_KERNELS_PORTABLE_FLOAT_CONSTANTS_H",
        "",
        "/* clang-format off */",
    ]
    for name, value in constants().items():
        if isinstance(value, int):
            lines.append(f"#define QCC_{name} INT64_C({value})")
            continue
        macro = [f"#define QCC_{name}", "    {"]
        row = [f"INT64_C({v})," for v in value]
        step = ERF_DEGREE + 1 if name == "ERF_TABLE_Q36" else 4
        macro += [
            "        " + " ".join(row[i : i + step]) for i in range(0, len(row), step)
        ]
        macro.append("    }")
        lines += [f"{line} \\" for line in macro[:-1]] + [macro[-1]]
    lines += ["", "#endif"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PYTHON_FILE.write_text(python_text())
    C_FILE.write_text(c_text())
