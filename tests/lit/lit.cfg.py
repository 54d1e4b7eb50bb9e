"""
lit configuration: `lit tests/lit` from any folder.

Tests ask for what a host may lack by `// REQUIRES: <feature>`.
"""

# lit provides `config`.
# ruff: noqa: F821

import os
import platform
import shutil
import sys

import lit.formats

config.name = "qcc"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Output", "Inputs"]
config.test_source_root = os.path.dirname(os.path.abspath(__file__))
config.test_exec_root = os.path.join(config.test_source_root, "Output")

# lit runs with a bare environment: the console scripts of this interpreter go first.
config.environment["PATH"] = os.pathsep.join(
    [os.path.dirname(sys.executable), config.environment.get("PATH", "")]
)
config.environment["PYTHONWARNINGS"] = "error"

config.substitutions.append(
    (
        "QCC_ROUNDTRIP",
        "qcc-opt %s | qcc-opt | filecheck %s"
        " && qcc-opt %s --print-op-generic | qcc-opt | filecheck %s",
    )
)

machine = platform.machine().lower()
aliases = {"amd64": "x86_64", "arm64": "aarch64"}
config.available_features.add(aliases.get(machine, machine))
for feature, programs in {
    "gcc": ["gcc"],
    "clang": ["clang"],
    "cc": ["cc", "gcc", "clang"],
    "aarch64-gcc": ["aarch64-linux-gnu-gcc"],
    "qemu-aarch64": ["qemu-aarch64", "qemu-aarch64-static"],
}.items():
    if any(shutil.which(program) for program in programs):
        config.available_features.add(feature)
