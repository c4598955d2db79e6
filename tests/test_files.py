import errno
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from research_lib.files import read_safetensors, write_atomically

FULL = OSError(errno.ENOSPC, "No space left on device")


def everything_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*"))


def test_a_file_is_written_whole_and_its_folders_are_made(tmp_path):
    path = write_atomically(tmp_path / "a" / "b.txt", b"content")
    assert path.read_bytes() == b"content"
    assert everything_in(tmp_path) == ["a", "b.txt"]


@pytest.mark.parametrize("error", [FULL, KeyboardInterrupt()], ids=["disk full", "Ctrl-C"])
@pytest.mark.parametrize("old", [None, b"old"], ids=["new file", "old file"])
def test_an_interrupted_write_leaves_what_was_there_and_nothing_else(tmp_path, monkeypatch, error, old):
    path = tmp_path / "figure.png"
    if old:
        path.write_bytes(old)
    whole_write = Path.write_bytes

    def half_write(self, content):
        whole_write(self, content[: len(content) // 2])
        raise error

    monkeypatch.setattr(Path, "write_bytes", half_write)
    with pytest.raises(type(error)):
        write_atomically(path, b"0123456789")
    assert everything_in(tmp_path) == (["figure.png"] if old else [])
    assert not old or path.read_bytes() == old


def test_a_write_that_cannot_be_renamed_leaves_nothing(tmp_path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError):
        write_atomically(tmp_path / "taken", b"content")
    assert everything_in(tmp_path) == ["taken"]


def test_tensors_and_header_come_back(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(save({"vectors": np.eye(3, dtype=np.float32)}, metadata={"note": "ünï"}))
    header, tensors = read_safetensors(path, expected="vectors")
    assert header == {"note": "ünï"}
    np.testing.assert_array_equal(tensors["vectors"], np.eye(3))


@pytest.mark.parametrize("content", [b"", b"name,year\nEmma,1815\n", bytes(range(256)) * 9, b"\x80\x04\x95pickle"])
def test_a_file_of_another_format_is_refused(tmp_path, content):
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"model.safetensors: not a safetensors file"):
        read_safetensors(path, expected="vectors")


def test_other_tensors_are_named(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(save({"weights": np.zeros(2), "bias": np.zeros(1)}))
    with pytest.raises(ValueError, match=r"model.safetensors: holds bias, weights, expected a tensor 'vectors'"):
        read_safetensors(path, expected="vectors")


@pytest.mark.parametrize("name", ["missing.safetensors", "."])
def test_a_missing_file_is_named(tmp_path, name):
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_safetensors(tmp_path / name, expected="vectors")
