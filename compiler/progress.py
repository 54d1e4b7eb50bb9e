"""Progress bars: on stderr, and only where somebody sees them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)

Item = TypeVar("Item")


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
