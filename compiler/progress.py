"""Progress bars: on stderr, and only where somebody sees them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeAlias, TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)

Item = TypeVar("Item")

Say: TypeAlias = Callable[[str], None]
"""Shows what is being done now."""


def track(
    items: Iterable[Item],
    description: str,
    total: int | None = None,
    *,
    show: bool | None = None,
) -> Iterator[Item]:
    """
    Yields `items` while a bar on stderr counts them; `total` None is an open end.

    `show` None means: if stderr is a terminal.
    """
    console = Console(stderr=True)
    if not (console.is_terminal if show is None else show):
        yield from items
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(description, total=total)
        for item in items:
            yield item
            progress.advance(task)


@contextmanager
def status(description: str, *, show: bool | None = None) -> Generator[Say]:
    """
    Shows on stderr what is being done, in steps whose number is not known before.

    Yields a function that changes the text. `show` None means: if stderr is a terminal.
    """
    console = Console(stderr=True)
    if not (console.is_terminal if show is None else show):
        yield lambda text: None
        return
    with console.status(description) as spinner:
        yield lambda text: spinner.update(f"{description}: {text}")
