"""
The processors that code is generated for: **the** table of targets.

A target is a processor family plus the instruction sets whose kernels it may use, best
first. `portable` comes last everywhere: what has no special kernel runs as plain C.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from qcc.dialects.errors import QccError


@dataclass(frozen=True)
class Target:
    """One `--target`."""

    name: str
    architecture: str | None
    """`x86_64`, `aarch64`, `arm` (32 bits), or None where any C compiler will do."""
    isas: tuple[str, ...]
    """Folders of `runtime/kernels/`, best first."""
    features: tuple[str, ...] = ()
    """CPU features, as /proc/cpuinfo spells them, that a host must have."""

    fallback: str | None = None
    """A target that the library also gets, for hosts that refuse this one."""

    @property
    def checked_features(self) -> tuple[str, ...]:
        """Features that init asks for: those beyond the architecture's baseline."""
        return tuple(f for f in self.features if f not in ("sse2", "asimd"))

    @property
    def identifier(self) -> str:
        """The name as part of a C identifier."""
        return "".join(c if c.isalnum() else "_" for c in self.name)


_TABLE = (
    Target("portable", None, ("portable",)),
    Target("x86-64", "x86_64", ("sse2", "portable"), ("sse2",)),
    Target("x86-64-v2", "x86_64", ("sse41", "sse2", "portable"), ("sse2", "sse4_1")),
    Target("x86-64-v3", "x86_64", ("avx2", "sse2", "portable"), ("avx2",)),
    Target(
        "avxvnni",
        "x86_64",
        ("avxvnni", "avx2", "sse2", "portable"),
        ("avx2", "avx_vnni"),
    ),
    Target(
        "avx512vnni",
        "x86_64",
        ("avx512vnni", "avx2", "sse2", "portable"),
        ("avx2", "avx512_vnni"),
    ),
    Target(
        "amx",
        "x86_64",
        ("amx", "avx512vnni", "avx2", "sse2", "portable"),
        ("avx2", "avx512_vnni", "amx_tile", "amx_int8"),
        fallback="avx512vnni",  # the operating system may refuse tiles
    ),
    Target("armv7", "arm", ("neon32", "portable"), ("neon",)),
    Target("armv8", "aarch64", ("neon", "portable"), ("asimd",)),
    Target(
        "armv8+dotprod",
        "aarch64",
        ("dotprod", "neon", "portable"),
        ("asimd", "asimddp"),
    ),
    Target(
        "armv8+i8mm",
        "aarch64",
        ("i8mm", "dotprod", "neon", "portable"),
        ("asimd", "asimddp", "i8mm"),
    ),
)

TARGETS = {target.name: target for target in _TABLE}

_MACHINES = {"amd64": "x86_64", "arm64": "aarch64", "armv7l": "arm", "armv8l": "arm"}


@cache
def host_architecture() -> str:
    """The host's processor family, as `Target.architecture` spells it."""
    machine = platform.machine().lower()
    return _MACHINES.get(machine, machine)


@cache
def host_features() -> frozenset[str]:
    """CPU features of the host; on systems without /proc/cpuinfo the baseline."""
    baseline = {"x86_64": {"sse2"}, "aarch64": {"asimd"}}
    features = set(baseline.get(host_architecture(), set[str]()))
    try:
        text = Path("/proc/cpuinfo").read_text(errors="replace")
    except OSError:
        return frozenset(features)
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip().lower() in ("flags", "features"):
            features.update(value.split())
            break
    return frozenset(features)


def runs_here(target: Target) -> bool:
    """Whether the host can execute code of `target` without an emulator."""
    if target.architecture is None:
        return True
    same = target.architecture == host_architecture()
    return same and set(target.features) <= host_features()


def native_target() -> Target:
    """The last target of the table (the best) that the host can execute."""
    return [target for target in _TABLE if runs_here(target)][-1]


def find_target(name: str) -> Target:
    """The target of that name. Raises QccError with the list of names."""
    if name == "native":
        return native_target()
    if name not in TARGETS:
        raise QccError(
            f"unknown target {name!r}",
            why="the targets are native, " + ", ".join(TARGETS),
            remedy="choose one of them with --target",
        )
    return TARGETS[name]


def find_targets(names: str) -> list[Target]:
    """
    The targets of a comma-separated list, best first, with their fallbacks.

    QccError for unknown names and for targets of different processor families.
    """
    found = [find_target(name.strip()) for name in names.split(",") if name.strip()]
    if names != "native":  # what this very machine has needs no second choice
        found += [TARGETS[target.fallback] for target in found if target.fallback]
    order = list(TARGETS.values())
    chosen = sorted(set(found), key=order.index, reverse=True)
    families = {target.architecture for target in chosen} - {None}
    if not chosen or len(families) > 1:
        raise QccError(
            f"no library can be made for {names!r}",
            why="its targets are of different processor families"
            if families
            else "no target is named",
            remedy="compile once per family",
        )
    return chosen
