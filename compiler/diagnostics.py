"""How command line tools report what went wrong: one message, no traceback."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from qcc.dialects.errors import QccError

__all__ = ["QccError", "plain", "print_error", "printable", "report_errors"]

_INTERRUPTED = 130


def print_error(error: QccError) -> None:
    """Prints `error: what`, then one indented line per detail, to stderr."""
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    what, *details = str(error).split("\n")
    console.print(f"[bold red]error:[/] [bold]{escape(printable(what))}[/]")
    for line in details:
        label, colon, text = printable(line).partition(":")
        console.print(f"[cyan]{escape(label + colon)}[/]{escape(text)}")


@contextmanager
def report_errors() -> Generator[None]:
    """
    Ends the process with a message where its user caused an error.

    To be used around the body of a tool's `main`, as `with` or as decorator. QccError
    and OSError (a full disk, no permission) exit with 1, an interrupt with 130, a
    closed pipe behind stdout silently with 1. Everything else is our own bug and
    keeps its traceback.
    """
    try:
        yield
        sys.stdout.flush()
    except QccError as error:
        print_error(error)
        sys.exit(1)
    except KeyboardInterrupt:
        Console(stderr=True).print("interrupted")
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:
        # Python flushes stdout once more at exit, which would print a traceback.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        print_error(_of_os_error(error))
        sys.exit(1)


def _of_os_error(error: OSError) -> QccError:
    what = error.strerror or str(error) or type(error).__name__
    if error.filename is not None:
        what = f"{os.fsdecode(error.filename)}: {what}"
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return QccError(what, remedy="free some space on the disk" if full else None)


def plain(text: str) -> Text:
    """A name out of a model or a file, to be printed as it is: no markup, no codes."""
    return Text(printable(text))


def printable(text: str) -> str:
    """Names out of a model or a path must not control the terminal."""
    return "".join(
        character if character.isprintable() else repr(character)[1:-1]
        for character in text
    )
