"""The house: which folder may import which (docs/architecture.md)."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

ALLOWED: dict[str, set[str]] = {
    "dialects": {"dialects"},
    "passes": {"passes", "dialects"},
    "codegen": {"codegen", "dialects"},
    "runtime": {"runtime"},
    "compiler": {"compiler", "codegen", "passes", "dialects", "runtime"},
    "training": {"training", "compiler", "passes", "dialects"},
}

PACKAGES: dict[str, set[str]] = {
    "dialects": {"xdsl", "numpy"},
    "passes": {"xdsl", "numpy", "lark"},
    "codegen": {"xdsl", "numpy"},
    "runtime": {"numpy"},
}
"""Outside packages, where they are limited; compiler may use all dependencies."""


def imported(path: Path) -> set[str]:
    """Absolute names of the modules that a file imports anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module or "")
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


@pytest.mark.parametrize("folder", ALLOWED)
def test_no_arrow_runs_the_other_way(folder: str):
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files
    wrong: list[str] = []
    for path in files:
        for name in imported(path):
            parts = name.split(".")
            if parts[0] == "qcc" and len(parts) > 1:
                if parts[1] in ALLOWED and parts[1] not in ALLOWED[folder]:
                    wrong.append(f"{path.relative_to(ROOT)}: {name}")
            elif parts[0] not in sys.stdlib_module_names | {"qcc", "__future__"}:
                if parts[0] not in PACKAGES.get(folder, {parts[0]}):
                    wrong.append(f"{path.relative_to(ROOT)}: {name}")
    assert not wrong


def test_session_needs_no_compiler():
    """`import qcc` and InferenceSession load neither xdsl nor onnx."""
    code = (
        "import sys, qcc; qcc.InferenceSession;"
        "heavy = ('xdsl', 'onnx', 'onnxruntime', 'rich');"
        "print([name for name in heavy if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
