"""
Prints a `kernel` module as C: `print_model` gives the `.c`, the `.h` and the weights.

A library holds one run function per target (`c_run.py`); init chooses the first whose
instructions the processor has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from string import Template
from typing import Any

import numpy as np
from xdsl.dialects.func import FuncOp

from qcc.codegen import description
from qcc.codegen.amalgamate import amalgamate, api_header
from qcc.codegen.c_names import c_string, json_text, unique_identifiers
from qcc.codegen.c_run import RunFunction, Shared
from qcc.codegen.plan_memory import ALIGNMENT, align
from qcc.codegen.select_kernels import target_of

_C_TYPES = {
    np.dtype(np.bool_): "uint8_t",
    np.dtype(np.int8): "int8_t",
    np.dtype(np.uint8): "uint8_t",
    np.dtype(np.int16): "int16_t",
    np.dtype(np.int32): "int32_t",
    np.dtype(np.int64): "int64_t",
    np.dtype(np.float32): "float",
}


POOL_BYTES = 2304
"""Room for a `qcc_pool` (checked by the C compiler)."""

_START = f"""\
  _Static_assert(sizeof(qcc_pool) <= {POOL_BYTES}, "the pool outgrew its room");
  if (context->options.threads > 1) {{
    context->pool = context->arena + ARENA_POOL;
    qcc_pool_start((qcc_pool *)context->pool, context->options.threads);
  }}
"""

_STOP = """\
  if (context != NULL && context->pool != NULL) {
    qcc_pool_stop((qcc_pool *)context->pool);
    context->pool = NULL;
  }
"""


@dataclass(frozen=True)
class PrintedModel:
    """The text of a model; `weights` are the bytes that the C refers to."""

    prefix: str
    source: str
    """With `#include "<prefix>.h"`; wants the weights by `weights_declaration`."""
    header: str
    weights: bytes
    description: dict[str, Any]
    threads: bool = False
    """Whether it holds a pool of threads, and so needs `-pthread`."""


def print_model(
    functions: Sequence[FuncOp], prefix: str, *, tensors: bool = False
) -> PrintedModel:
    """
    The C of planned run functions, best target first, as one library.

    `prefix` begins every public name and is a C identifier. With `tensors` the
    description lists all named intermediate tensors (plan-memory without reuse).
    """
    inputs, outputs = description.ports(functions[0])
    shared = Shared()
    runs = [RunFunction(f, target_of(f), shared) for f in functions]
    texts = [run.print(len(inputs)) for run in runs]
    shared.weights += bytes(ALIGNMENT)
    variants = [_variant(run, tensors) for run in runs]
    about: dict[str, Any] = {
        "version": description.VERSION,
        "name": prefix,
        "inputs": inputs,
        "outputs": outputs,
        "weight_bytes": len(shared.weights),
        **variants[0],
        "arena_bytes": max(variant["arena_bytes"] for variant in variants),
    }
    parallel = any(run.is_parallel for run in runs)
    if parallel:
        # The pool lies behind the buffers.
        about["arena_bytes"] = align(about["arena_bytes"]) + POOL_BYTES
    if len(variants) > 1:
        about["variants"] = variants
    fields = _fields(prefix, runs, about) | {
        "runtime": amalgamate([run.target for run in runs], shared.headers, parallel),
        "wrappers": shared.definitions(),
        "runs": "\n".join(texts),
        "weights": "@WEIGHTS@",
        "start": _START if parallel else "",
        "stop": _STOP if parallel else "  (void)context;\n",
        "pool_offset": str(about["arena_bytes"] - POOL_BYTES),
    }
    templates = resources.files("qcc.codegen").joinpath("templates")
    source, header = (
        Template(
            templates.joinpath(f"model.{suffix}.in").read_text("utf-8")
        ).substitute(fields)
        for suffix in ("c", "h")
    )
    weights = bytes(shared.weights)
    return PrintedModel(prefix, source, header, weights, about, parallel)


def _variant(run: RunFunction, with_tensors: bool) -> dict[str, Any]:
    """What the description says of one run function."""
    entry: dict[str, Any] = {
        "target": run.target.name,
        "arena_bytes": description.integer(run.function, "arena_bytes"),
        "lower_bound_bytes": description.integer(run.function, "lower_bound_bytes"),
        "tensor_bound_bytes": description.integer(run.function, "tensor_bound_bytes"),
        "steps": run.step_table,
    }
    if with_tensors:
        entry["tensors"] = description.tensors(run.function)
    return entry


def _choices(runs: Sequence[RunFunction]) -> str:
    """The rows of the table from which init takes the first that the processor has."""
    rows: list[str] = []
    for run in runs:
        checks = " && ".join(
            f"qcc_cpu_has_{feature}()" for feature in run.target.checked_features
        )
        rows.append(
            f'  if (wants(options, "{run.target.name}") && ({checks or "1"})) {{\n'
            f"    context->run = {run.name};\n"
            f'    context->target = "{run.target.name}";\n'
            "    return start(context);\n  }\n"
        )
    return "".join(rows)


def _c_type(entry: dict[str, Any]) -> str:
    return _C_TYPES[np.dtype(entry["type"])]


def _fields(
    prefix: str, runs: Sequence[RunFunction], about: dict[str, Any]
) -> dict[str, str]:
    """What the templates of `.c` and `.h` are filled with."""
    ports = [*about["inputs"], *about["outputs"]]
    names = unique_identifiers((port["name"] for port in ports), "tensor")
    count = len(about["inputs"])
    parameters = [
        f"{'const ' if k < count else ''}{_c_type(port)} *{name}"
        for k, (port, name) in enumerate(zip(ports, names, strict=True))
    ]
    notes = [
        f" *   {name}: {'x'.join(map(str, port['shape'])) or 'scalar'} {_c_type(port)}"
        for port, name in zip(ports, names, strict=True)
    ]
    macros = [
        f"#define {prefix.upper()}_{name.upper()}_ELEMENTS "
        f"{int(np.prod(port['shape'], dtype=np.int64))}"
        for port, name in zip(ports, names, strict=True)
    ]
    return {
        "prefix": prefix,
        "PREFIX_UPPER": prefix.upper(),
        "header_name": f"{prefix}.h",
        "api_header": api_header(),
        "target": ", ".join(run.target.name for run in runs),
        "choices": _choices(runs),
        "ARENA_ALIGN": str(ALIGNMENT),
        "arena_bytes": str(about["arena_bytes"]),
        "weight_bytes": str(about["weight_bytes"]),
        "parameters": ", ".join(parameters),
        "parameter_notes": "\n".join(notes),
        "example_arguments": ", ".join(names),
        "size_macros": "\n".join(macros),
        "description": c_string(json_text(description.short(about))),
        "input_array": _array("const void *inputs", names[:count]),
        "output_array": _array("void *outputs", names[count:]),
    }


def _array(declaration: str, names: list[str]) -> str:
    """A pointer array; one NULL where there is nothing (C has no empty arrays)."""
    return f"{declaration}[] = {{{', '.join(names) or 'NULL'}}};"


__all__ = ["PrintedModel", "print_model"]
