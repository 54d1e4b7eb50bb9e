"""
`Statistics`: what calibration learned of each tensor, keyed by its `tensor` name.

Calibration (or `--ranges FILE`) fills one, passes read it through `current()`. It holds
one summary per tensor and kind; summaries of the same kind merge, so that workers can
share the samples. `Range` is the kind that everything needs, which `analyze-ranges`
reads. A further kind (such as `Histogram`) is one class with `@summary_kind`; file
format and merging follow.
"""

from __future__ import annotations

import importlib
import json
import math
import secrets
from collections.abc import Iterator
from contextvars import ContextVar, Token
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Protocol, Self, TypeVar, cast

import numpy as np

from qcc.dialects.errors import QccError

FORMAT = "qcc statistics"
VERSION = 1


class Summary(Protocol):
    """What is known of the values of one tensor, in one respect."""

    kind: ClassVar[str]

    def merge(self, other: Self) -> Self:
        """The summary of the values behind both; associative and commutative."""
        ...

    def to_json(self) -> object:
        """Lists, numbers, strings; floats through `shortest` to stay exact."""
        ...

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """The inverse of `to_json`; ValueError or TypeError for anything else."""
        ...


SummaryType = TypeVar("SummaryType", bound=Summary)

_KINDS: dict[str, type[Summary]] = {}

_KIND_MODULES = ("qcc.passes.histogram", "qcc.passes.refinements")
"""Modules that define kinds which files may hold; imported before one is read."""


def summary_kind(cls: type[SummaryType]) -> type[SummaryType]:
    """Class decorator: lets `Statistics` save and load this kind of summary."""
    assert cls.kind not in _KINDS, f"two summaries of kind {cls.kind}"
    _KINDS[cls.kind] = cls
    return cls


def shortest(value: float) -> float:
    """The shortest decimal that reads back as the float32 nearest to `value`."""
    rounded = np.float32(value)
    text = float(str(rounded))
    # Readers go through binary64, where the shortest text of a float32 can be a tie.
    return text if np.float32(text) == rounded else float(rounded)


@summary_kind
@dataclass(frozen=True)
class Range:
    """
    The range that a tensor is to have, both ends float32, finite and ordered.

    The smallest and the largest value seen, or less where the calibration method cuts
    rare values off. Nothing is widened here: whether a range must hold 0 is for
    `analyze-ranges` to say.
    """

    kind: ClassVar[str] = "range"
    minimum: float
    maximum: float

    def __post_init__(self) -> None:
        for name in ("minimum", "maximum"):
            with np.errstate(over="ignore"):
                value = float(np.float32(getattr(self, name)))
            # -0.0 + 0.0 is 0.0: the order of merging must not show in saved files.
            object.__setattr__(self, name, value + 0.0)
        if not -math.inf < self.minimum <= self.maximum < math.inf:
            raise ValueError(f"[{self.minimum}, {self.maximum}] is not a range")

    def merge(self, other: Range) -> Range:
        return Range(min(self.minimum, other.minimum), max(self.maximum, other.maximum))

    def to_json(self) -> object:
        return [shortest(self.minimum), shortest(self.maximum)]

    @classmethod
    def from_json(cls, data: Any) -> Range:
        minimum, maximum = data
        if not all(type(bound) in (int, float) for bound in (minimum, maximum)):
            raise TypeError("a bound is not a number")
        return cls(minimum, maximum)


class Statistics:
    """Summaries of tensors by kind and `tensor` name; see the head of this file."""

    def __init__(self) -> None:
        self._summaries: dict[str, dict[str, Summary]] = {}

    def get(self, kind: type[SummaryType], tensor: str) -> SummaryType | None:
        """The summary of this kind, None where calibration never saw the tensor."""
        found = self._summaries.get(kind.kind, {}).get(tensor)
        return cast("SummaryType | None", found)

    def add(self, tensor: str, summary: Summary) -> None:
        """Merges `summary` into what is known of `tensor`."""
        known = self.get(type(summary), tensor)
        self.replace(tensor, summary if known is None else known.merge(summary))

    def replace(self, tensor: str, summary: Summary) -> None:
        """Forgets what is known of `tensor` in this respect: the user knows better."""
        self._summaries.setdefault(summary.kind, {})[tensor] = summary

    def range(self, tensor: str) -> tuple[float, float] | None:
        """(minimum, maximum) for `tensor`; None if calibration never saw it."""
        found = self.get(Range, tensor)
        return None if found is None else (found.minimum, found.maximum)

    def tensors(self, kind: type[Summary] = Range) -> Iterator[str]:
        """The names of all tensors with a summary of this kind, sorted."""
        return iter(sorted(self._summaries.get(kind.kind, {})))

    def merge(self, other: Statistics) -> Statistics:
        """Adds every summary of `other`; returns self."""
        for summaries in other._summaries.values():
            for tensor, summary in summaries.items():
                self.add(tensor, summary)
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Statistics) and self._summaries == other._summaries

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def to_text(self) -> str:
        """JSON, equal bytes for equal statistics; one line per tensor."""
        sections: list[str] = []
        for kind in sorted(self._summaries):
            rows = (
                f"    {json.dumps(tensor)}: {json.dumps(summary.to_json())}"
                for tensor, summary in sorted(self._summaries[kind].items())
            )
            sections.append(f'  "{kind}": {{\n' + ",\n".join(rows) + "\n  }")
        head = f'"format": "{FORMAT}",\n"version": {VERSION},\n"statistics": '
        return "{\n" + head + "{\n" + ",\n".join(sections) + "\n}\n}\n"

    @classmethod
    def from_text(cls, text: str, origin: str = "statistics") -> Statistics:
        """The inverse of `to_text`; QccError naming `origin` if it is anything else."""
        try:
            content: Any = json.loads(text, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise _not_readable(origin, f"not JSON: {error}") from None
        content = cast("dict[str, Any]", content) if isinstance(content, dict) else {}
        if content.get("format") != FORMAT:
            raise _not_readable(origin, f'no "format": "{FORMAT}" in it')
        if content.get("version") != VERSION:
            why = f"version {content.get('version')!r}, this qcc reads {VERSION}"
            raise _not_readable(origin, why)
        kinds = content.get("statistics")
        if not isinstance(kinds, dict):
            raise _not_readable(origin, 'no "statistics" in it')
        for module in _KIND_MODULES:
            importlib.import_module(module)
        result = cls()
        for kind, rows in cast("dict[str, Any]", kinds).items():
            result._load_kind(kind, rows, origin)
        return result

    def _load_kind(self, kind: str, rows: Any, origin: str) -> None:
        if kind not in _KINDS:
            raise _not_readable(origin, f"unknown kind of statistics {kind!r}")
        if not isinstance(rows, dict):
            raise _not_readable(origin, f"{kind!r} is not a table")
        for tensor, data in cast("dict[str, Any]", rows).items():
            try:
                self.replace(tensor, _KINDS[kind].from_json(data))
            except (ValueError, TypeError, KeyError, OverflowError):
                found = json.dumps(data)[:80]
                why = f"{kind} of tensor {tensor!r} is {found}"
                raise _not_readable(origin, why) from None

    def save(self, path: str | Path) -> None:
        """Writes a JSON file (aside, then renamed); QccError if that cannot be done."""
        path = Path(path)
        aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            try:
                with aside.open("x", encoding="utf-8") as file:
                    file.write(self.to_text())
                aside.replace(path)
            finally:
                aside.unlink(missing_ok=True)
        except OSError as error:
            raise QccError(
                f"cannot write the statistics file {path}", why=error.strerror
            ) from None

    @classmethod
    def load(cls, path: str | Path) -> Statistics:
        """Reads what `save` wrote; QccError if the file is missing or corrupt."""
        try:
            text = Path(path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise _not_readable(str(path), "not a text file") from None
        except OSError as error:
            raise QccError(
                f"cannot read the statistics file {path}", why=error.strerror
            ) from None
        return cls.from_text(text, str(path))


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")


def _not_readable(origin: str, why: str) -> QccError:
    return QccError(
        f"{origin} is not a statistics file",
        why=why,
        remedy="write one with --save-ranges",
    )


_CURRENT: ContextVar[Statistics] = ContextVar("statistics")


def current() -> Statistics:
    """The statistics that passes of this thread read; empty if none are in use."""
    try:
        return _CURRENT.get()
    except LookupError:
        return Statistics()


class use:
    """
    Makes `statistics` the current ones, from now on or for a `with` block.

    `use(statistics)` alone lasts until the next `use`;
    `with use(statistics): ...` restores what was in use before.
    """

    def __init__(self, statistics: Statistics) -> None:
        self._token: Token[Statistics] = _CURRENT.set(statistics)

    def __enter__(self) -> Statistics:
        return _CURRENT.get()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _CURRENT.reset(self._token)
