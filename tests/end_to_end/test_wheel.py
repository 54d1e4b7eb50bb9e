"""The wheel alone is enough: built, installed into an empty environment and used."""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from command_line import DIGITS

ROOT = Path(__file__).resolve().parents[2]

PACKAGES = ("codegen", "compiler", "dialects", "passes", "runtime", "training")
FOLDERS = (*PACKAGES, "src")
FILES = ("pyproject.toml", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that no `build/` folder is left behind or reused."""
    folder = tmp_path_factory.mktemp("wheel")
    ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, symlinks=True, ignore=ignore)
    for name in FILES:
        shutil.copy(ROOT / name, folder)
    code = "import setuptools.build_meta as b, sys; b.build_wheel(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder / "dist")],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    if "No module named 'setuptools'" in done.stderr:
        pytest.skip("needs setuptools")
    assert done.returncode == 0, done.stderr
    (path,) = (folder / "dist").glob("*.whl")
    return path


def test_wheel_holds_every_file(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.startswith("qcc/")}
    expected = {"qcc/__init__.py", "qcc/py.typed"}
    for folder in PACKAGES:
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix != ".pyc":
                expected.add(f"qcc/{path.relative_to(ROOT)}")
    assert packed == expected
    suffixes = {Path(name).suffix for name in packed}
    assert {".py", ".h", ".rules", ".lark", ".in"} <= suffixes


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel; dependencies are those of this one."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True
    )
    (packages,) = folder.glob("lib/python*/site-packages")
    target = ("--no-deps", "--no-index", "--quiet", "--target", str(packages))
    pip = (sys.executable, "-m", "pip", "install", *target, str(wheel))
    subprocess.run(pip, check=True, capture_output=True)
    # After what is in the wheel; .pth files of the other folder are not read, so an
    # editable install of qcc is not seen.
    (packages / "dependencies.pth").write_text("\n".join(site.getsitepackages()))
    return folder


def run(environment: Path, cwd: Path, *command: str | Path) -> str:
    python = environment / "bin" / "python"
    done = subprocess.run(
        [str(word) for word in (python, *command)],
        cwd=cwd,
        capture_output=True,
        text=True,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_wheel_compiles_and_runs_the_example(environment: Path, tmp_path: Path):
    assert "site-packages" in run(
        environment, tmp_path, "-c", "import qcc.compiler.api as a; print(a.__file__)"
    )
    scripts = next(environment.glob("lib/python*/site-packages/bin"))
    for tool in ("qcc", "qcc-opt", "qcc-run", "qcc-verify"):
        run(environment, tmp_path, scripts / tool, "--help")
    shutil.copy(DIGITS / "calibration.npz", tmp_path)
    model = (DIGITS / "digits.onnx", "-o", "digits.so")
    options = ("--calibrate", "calibration.npz", "--target=portable")
    run(environment, tmp_path, scripts / "qcc", *model, *options)
    with np.load(DIGITS / "test.npz") as archive:
        np.savez(tmp_path / "images.npz", image=archive["image"][:50])
        labels = archive["label"][:50]
    code = (
        "import numpy, qcc\n"
        "session = qcc.InferenceSession('digits.so')\n"
        "images = numpy.load('images.npz')['image']\n"
        "[scores] = session.run(None, {'image': images})\n"
        "print(*scores.argmax(1))"
    )
    guesses = run(environment, tmp_path, "-c", code).split()
    assert np.mean([int(guess) for guess in guesses] == labels) > 0.9
