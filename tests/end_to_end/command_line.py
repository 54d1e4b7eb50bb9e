"""Calls the command line tools in this process, and says what a refusal looks like."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from qcc.compiler.cli import qcc, qcc_run, qcc_verify

DIGITS = Path(__file__).resolve().parents[2] / "examples" / "digits"

_TOOLS = {"qcc": qcc.main, "qcc-run": qcc_run.main, "qcc-verify": qcc_verify.main}


@dataclass(frozen=True)
class Outcome:
    """What a tool left behind."""

    code: int | str | None
    out: str
    err: str

    def assert_refused(self, *words: str) -> None:
        """One message with `words` in it, exit code 1."""
        assert self.code == 1, self.err
        assert self.err.startswith("error: ")
        assert self.err.count("error: ") == 1
        assert "Traceback" not in self.err
        for word in words:
            assert word in self.err

    def assert_wrong_usage(self, *words: str) -> None:
        """Exit code 2 and a hint."""
        assert self.code == 2, self.err
        assert "Traceback" not in self.err
        # The message stands in a box: lines are broken anywhere between words.
        text = " ".join(self.err.replace("│", " ").split())
        for word in words:
            assert word in text


Tool = Callable[..., Outcome]


def make_tool(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Tool:
    """A function that calls a tool with arguments."""

    def call(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
        capsys.readouterr()
        try:
            _TOOLS[name]()
            code = 0
        except SystemExit as exit:
            code = exit.code
        captured = capsys.readouterr()
        return Outcome(code or 0, captured.out, captured.err)

    return call
