"""
`qcc-opt`: runs passes on the textual IR, as `mlir-opt` does.

    qcc-opt model.mlir -p fold-constants,cse,dce

Big constants live in an `.npz`: the one beside the input is read, and with `-o FILE`
one is written beside the output.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, cast

from xdsl.dialects.builtin import (
    ArrayAttr,
    Builtin,
    BytesAttr,
    ModuleOp,
    StringAttr,
)
from xdsl.dialects.func import Func
from xdsl.ir import Attribute
from xdsl.passes import ModulePass
from xdsl.utils.exceptions import (
    ArgSpecParseError,
    DiagnosticException,
    ParseError,
    PassFailedException,
    UnregisteredConstructException,
)
from xdsl.xdsl_opt_main import xDSLOptMain

from qcc.compiler.diagnostics import report_errors
from qcc.dialects import get_all_dialects
from qcc.dialects.blob import load_blobs, save_blobs
from qcc.dialects.errors import QccError
from qcc.passes import get_all_passes, load_plugins
from qcc.passes.statistics import Statistics, current, use

PassFactory = Callable[[], type[ModulePass]]


def _lazy(module: str, name: str) -> PassFactory:
    def load() -> type[ModulePass]:
        return cast(type[ModulePass], getattr(importlib.import_module(module), name))

    return load


CODEGEN_PASSES: dict[str, PassFactory] = {
    "to-channels-last": _lazy("qcc.codegen.to_channels_last", "ToChannelsLastPass"),
    "select-kernels": _lazy("qcc.codegen.select_kernels", "SelectKernelsPass"),
    "elide-copies": _lazy("qcc.codegen.elide_copies", "ElideCopiesPass"),
    "split-calls": _lazy("qcc.codegen.split_calls", "SplitCallsPass"),
    "plan-memory": _lazy("qcc.codegen.plan_memory", "PlanMemoryPass"),
}
"""What depends on a target; the passes of `passes/` have their own registry."""


def _add_plugin_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--pass-plugin",
        action="append",
        default=[],
        metavar="MODULE",
        help="import a module, or a .py file, that defines passes; may be repeated",
    )


def _as_text(attribute: Attribute) -> Attribute:
    """xDSL takes a string with characters beyond ASCII for bytes."""
    if isinstance(attribute, BytesAttr):
        return StringAttr(attribute.data.decode("utf-8", "replace"))
    if isinstance(attribute, ArrayAttr):
        elements = cast("ArrayAttr[Attribute]", attribute)
        return ArrayAttr([_as_text(element) for element in elements])
    return attribute


class QccOptMain(xDSLOptMain):
    """xdsl-opt with the dialects and passes of qcc only."""

    version_format = "qcc-opt, built on xdsl {xdsl_version}"

    def __init__(self, args: Sequence[str] | None = None):
        # Passes are registered before the arguments are parsed.
        early = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
        _add_plugin_option(early)
        known, _ = early.parse_known_args(args)
        self.plugins: list[str] = known.pass_plugin
        super().__init__(description="Runs passes of qcc on its IR.", args=args)

    def register_all_dialects(self) -> None:
        for dialect in (Builtin, Func):
            self.ctx.load_dialect(dialect)
        for name, factory in get_all_dialects().items():
            self.ctx.register_dialect(name, factory)

    def register_all_passes(self) -> None:
        passes = get_all_passes() | CODEGEN_PASSES | load_plugins(self.plugins)
        for name, factory in passes.items():
            self.register_pass(name, factory)

    def register_all_targets(self) -> None:
        from xdsl.targets.mlir import MLIRTarget

        self.available_targets["mlir"] = lambda: MLIRTarget

    def register_all_arguments(self, arg_parser: argparse.ArgumentParser) -> None:
        super().register_all_arguments(arg_parser)
        _add_plugin_option(arg_parser)
        arg_parser.add_argument(
            "--load-blobs",
            type=Path,
            metavar="FILE.npz",
            help="big constants of the input; default: the .npz beside it, if any",
        )
        arg_parser.add_argument(
            "--ranges",
            type=Path,
            metavar="FILE",
            help="statistics for analyze-ranges and other passes",
        )
        arg_parser.add_argument(
            "--save-ranges",
            type=Path,
            metavar="FILE",
            help="write the statistics after the last pass",
        )

    def parse_chunk(
        self, chunk: IO[bytes], file_extension: str, start_offset: int = 0
    ) -> ModuleOp | None:
        module = super().parse_chunk(chunk, file_extension, start_offset)
        if module is not None:
            for op in module.walk():
                op.attributes = {n: _as_text(a) for n, a in op.attributes.items()}
        return module

    def setup_pipeline(self) -> None:
        try:
            super().setup_pipeline()
        except (ValueError, TypeError, ArgSpecParseError) as error:
            raise QccError(
                f"cannot run the passes {self.args.passes}", why=str(error)
            ) from error

    def run(self) -> None:
        self._load_blobs()
        statistics = Statistics()
        if self.args.ranges is not None:
            statistics = Statistics.load(self.args.ranges)
        with use(statistics):
            super().run()
            if self.args.save_ranges is not None:
                current().save(self.args.save_ranges)

    def _load_blobs(self) -> None:
        path: Path | None = self.args.load_blobs
        if path is None and self.args.input_file is not None:
            beside = Path(self.args.input_file).with_suffix(".npz")
            path = beside if beside.exists() else None
        if path is None:
            return
        try:
            load_blobs(path)
        except (ValueError, EOFError) as error:
            raise QccError(
                f"{path} is not an .npz file", why=str(error) or None
            ) from error

    def apply_passes(self, prog: ModuleOp) -> None:
        try:
            super().apply_passes(prog)
        except QccError as error:
            # What --verify-diagnostics prints, so that tests can check messages.
            if self.args.verify_diagnostics:
                raise PassFailedException(str(error)) from error
            raise
        if self.args.output_file is not None:
            save_blobs(prog, Path(self.args.output_file).with_suffix(".npz"))


@report_errors()
def main() -> None:
    """The console script; ends with 1 when the input or a pass is at fault."""
    try:
        QccOptMain().run()
    except (DiagnosticException, ParseError, UnregisteredConstructException) as error:
        print(error, file=sys.stderr)
        for note in getattr(error, "__notes__", []):
            print(note, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
