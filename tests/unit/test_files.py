"""Products are whole or not there."""

import os
import stat
from pathlib import Path

import pytest

from qcc.compiler.files import atomic_folder, atomic_path, write_bytes, write_text


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_whole(tmp_path: Path):
    with atomic_path(tmp_path / "model.so") as aside:
        assert aside.suffix == ".so"
        assert aside.parent == tmp_path
        aside.write_text("half")
        assert not (tmp_path / "model.so").exists()
    assert (tmp_path / "model.so").read_text() == "half"
    assert names(tmp_path) == ["model.so"]


def test_a_failure_keeps_what_was_there(tmp_path: Path):
    write_text(tmp_path / "f", "old")

    def interrupted() -> None:
        with atomic_path(tmp_path / "f") as aside:
            aside.write_text("new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert (tmp_path / "f").read_text() == "old"
    assert names(tmp_path) == ["f"]


def test_a_file_that_is_never_written(tmp_path: Path):
    with pytest.raises(FileNotFoundError), atomic_path(tmp_path / "f"):
        pass
    assert names(tmp_path) == []


def test_permissions_follow_the_umask_and_links_are_followed(tmp_path: Path):
    (tmp_path / "link").symlink_to(tmp_path / "target")
    write_bytes(tmp_path / "link", b"x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"x"
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE((tmp_path / "target").stat().st_mode) == 0o666 & ~umask


def test_devices_are_written_in_place():
    write_text(os.devnull, "x")
    assert not Path(os.devnull).is_file()


def test_no_folder_is_overwritten_by_a_file(tmp_path: Path):
    with pytest.raises(IsADirectoryError):
        write_text(tmp_path, "x")
    with pytest.raises(FileNotFoundError):
        write_text(tmp_path / "none" / "f", "x")


def test_a_folder_appears_whole(tmp_path: Path):
    with atomic_folder(tmp_path / "out") as aside:
        (aside / "a.c").write_text("a")
        assert not (tmp_path / "out").exists()
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["a.c"]


def test_an_existing_folder_keeps_the_users_files(tmp_path: Path):
    out = tmp_path / "out"
    (out / "sub").mkdir(parents=True)
    (out / "a.c").write_text("old")
    (out / "notes").write_text("mine")
    (out / "sub" / "mine").write_text("mine")
    with atomic_folder(out) as aside:
        (aside / "a.c").write_text("new")
        (aside / "sub").mkdir()
        (aside / "sub" / "w.bin").write_text("w")
        assert (out / "a.c").read_text() == "old"
    assert names(out) == ["a.c", "notes", "sub"]
    assert names(out / "sub") == ["mine", "w.bin"]
    assert (out / "a.c").read_text() == "new"
    assert names(tmp_path) == ["out"]


def test_a_failed_folder_leaves_nothing(tmp_path: Path):
    def full_disk() -> None:
        with atomic_folder(tmp_path / "out") as aside:
            (aside / "a.c").write_text("a")
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        full_disk()
    assert names(tmp_path) == []
    (tmp_path / "file").write_text("x")
    with pytest.raises(FileExistsError), atomic_folder(tmp_path / "file"):
        pass
    assert names(tmp_path) == ["file"]
