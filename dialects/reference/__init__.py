"""
What every op means: one numpy function per op, and an interpreter for whole functions.

`registry` finds the functions, `interpreter.run` runs them; `docs/numerics.md` has the
formulas.
"""
