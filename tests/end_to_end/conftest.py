"""Helpers of this folder (`execution`, `random_models` …) and the tools as fixtures."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from command_line import Tool, make_tool


@pytest.fixture
def qcc_tool(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Tool:
    """`qcc`, called in this process."""
    return make_tool("qcc", monkeypatch, capsys)


@pytest.fixture
def qcc_run_tool(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Tool:
    """`qcc-run`, called in this process."""
    return make_tool("qcc-run", monkeypatch, capsys)


@pytest.fixture
def qcc_verify_tool(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Tool:
    """`qcc-verify`, called in this process."""
    return make_tool("qcc-verify", monkeypatch, capsys)
