"""Errors of command line tools: message, exit code, no traceback."""

import errno
import subprocess
import sys
from collections.abc import Callable

import pytest

from qcc.compiler.diagnostics import QccError, report_errors


def exit_code(main: Callable[[], None]) -> int | str | None:
    with pytest.raises(SystemExit) as caught:
        report_errors()(main)()
    return caught.value.code


def test_qcc_error_is_printed_with_its_details(capsys: pytest.CaptureFixture[str]):
    def main():
        raise QccError("cannot [do] this", node="conv_1", why="[red]x[/red]: y" * 40)

    assert exit_code(main) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "error: cannot [do] this",
        "  node: conv_1",
        "  why: " + "[red]x[/red]: y" * 40,
    ]


def test_control_characters_do_not_reach_the_terminal(
    capsys: pytest.CaptureFixture[str],
):
    def main():
        raise QccError("bad name \x1b[2J", node="a\rb")

    assert exit_code(main) == 1
    assert capsys.readouterr().err == ("error: bad name \\x1b[2J\n  node: a\\rb\n")


def test_os_errors_are_one_message(capsys: pytest.CaptureFixture[str]):
    def full_disk():
        raise OSError(errno.ENOSPC, "No space left on device", "/tmp/x.so")

    assert exit_code(full_disk) == 1
    assert capsys.readouterr().err == (
        "error: /tmp/x.so: No space left on device\n"
        "  remedy: free some space on the disk\n"
    )

    def missing():
        open("/nonexistent/folder/file")

    assert exit_code(missing) == 1
    assert capsys.readouterr().err == (
        "error: /nonexistent/folder/file: No such file or directory\n"
    )


def test_interrupt(capsys: pytest.CaptureFixture[str]):
    def main():
        raise KeyboardInterrupt

    assert exit_code(main) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_our_own_bugs_keep_their_traceback():
    with pytest.raises(AssertionError, match="bug"), report_errors():
        raise AssertionError("bug")


def test_closed_pipe_is_silent():
    program = (
        "from qcc.compiler.diagnostics import report_errors\n"
        "with report_errors():\n"
        "    for i in range(100000): print(i)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 1
