"""A file is replaced in one step, or not at all."""

import pytest

from demo_site.bulk.writing import write


def test_an_interruption_leaves_the_old_file(tmp_path, monkeypatch):
    """Ctrl-C just before the step, for instance."""
    path = tmp_path / "a.md"
    path.write_text("old")

    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fchmod", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write(path, b"new", mode=0o644)

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_reader_of_the_old_file_keeps_it(tmp_path):
    """The new bytes are another file, which takes the name."""
    path = tmp_path / "a.md"
    path.write_text("old")

    with path.open() as reader:
        write(path, b"new", mode=0o644)
        assert reader.read() == "old"

    assert path.read_text() == "new"


def test_a_link_is_replaced_and_not_followed(tmp_path):
    """What it leads to is somebody else's."""
    path, other = tmp_path / "a.md", tmp_path / "other"
    other.write_text("other")
    path.symlink_to(other)

    write(path, b"new", mode=0o644)

    assert (path.read_text(), other.read_text()) == ("new", "other")
    assert not path.is_symlink()
