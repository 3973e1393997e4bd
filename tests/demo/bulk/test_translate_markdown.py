"""`manage.py translate_markdown` translates a folder, file by file."""

import errno
import os

import pytest

from demo_site.bulk import run
from demo_site.bulk.record import NAME
from demo_site.translation import EngineBroken, EngineRefused
from tests.demo.bulk.conftest import Terminal, listed, translate, write
from tests.demo.engines import ToldEngine, failing

SECRET = "marmalade"


def test_translations_are_beside_their_sources(engine, folder):
    """Below folders too, one for each language; a line says each, one all."""
    write(folder, a="# The house\n", b__c="A `red` one.\n")

    said = translate(folder, "es, fr,es")

    assert said.code == 0
    assert listed(folder) == sorted(
        [*("a.md", "a.es.md", "a.fr.md"), *("b/c.md", "b/c.es.md", "b/c.fr.md"), NAME]
    )
    assert (folder / "a.es.md").read_text() == "# THE HOUSE\n"
    assert (folder / "b/c.fr.md").read_text() == "A `red` ONE.\n"
    assert sorted(said.out.splitlines()) == [
        "4 translated",
        "a.md -> a.es.md",
        "a.md -> a.fr.md",
        "b/c.md -> b/c.es.md",
        "b/c.md -> b/c.fr.md",
    ]


def test_another_folder_gets_the_translations(engine, folder, tmp_path):
    """It is made, with the folders below and the record; the sources' stays as is."""
    write(folder, a="one\n", b__c="two\n")

    assert translate(folder, out=tmp_path / "x" / "out").code == 0

    assert listed(folder) == ["a.md", "b/c.md"]
    assert listed(tmp_path / "x" / "out") == [NAME, "a.es.md", "b/c.es.md"]


@pytest.mark.parametrize(
    "text", ["\ufeff# One\r\n\r\ntwo\r\n", "one\rtwo", "", "`a`\n"]
)
def test_line_ends_and_byte_order_marks_stay(engine, folder, text):
    """Bytes are read and written, not lines."""
    (folder / "a.md").write_bytes(text.encode())

    assert translate(folder).code == 0

    expected = text.replace("One", "ONE").replace("one", "ONE").replace("two", "TWO")
    assert (folder / "a.es.md").read_bytes() == expected.encode()


@pytest.mark.parametrize(
    "name", ["a.markdown", "a.mdx", "a.MD", "a.b.md", "ñandú 1.md"]
)
def test_translation_has_the_suffix_of_its_source(engine, folder, name):
    """And all of its name."""
    (folder / name).write_text("one\n")

    translate(folder)

    stem, _, suffix = name.rpartition(".")
    assert (folder / f"{stem}.es.{suffix}").read_text() == "ONE\n"


def test_translations_are_never_translated(engine, folder):
    """Neither those of an earlier run, nor those of a source that is gone."""
    write(folder, a="one\n", b="two\n")
    translate(folder, "es")
    (folder / "b.md").unlink()

    said = translate(folder, "es,fr")

    assert said.out.splitlines()[0] == "a.md -> a.fr.md"
    assert listed(folder) == [NAME, "a.es.md", "a.fr.md", "a.md", "b.es.md"]


def test_translations_of_others_are_no_sources(engine, folder):
    """A language behind the name of another file makes one; a version number none."""
    write(folder, a="one\n", a_de="eins\n", a_2="one\n", c_de="one\n")

    translate(folder)

    assert listed(folder) == [
        *(NAME, "a.2.es.md", "a.2.md", "a.de.md", "a.es.md", "a.md"),
        *("c.de.es.md", "c.de.md"),
    ]


def test_translations_in_a_folder_below_are_no_sources(engine, folder):
    """Now and in a later run that puts its own beside the sources."""
    write(folder, a="one\n")
    translate(folder, out=folder / "out")
    translate(folder, out=folder / "out")
    translate(folder)

    assert listed(folder) == [
        *(NAME, "a.es.md", "a.md", f"out/{NAME}", "out/a.es.md"),
    ]


def test_the_folder_of_translations_has_no_sources(engine, folder):
    """Even if its record is lost."""
    write(folder, a="one\n", out__b_es="uno\n")

    said = translate(folder, out=folder / "out")

    assert said.out == "a.md -> a.es.md\n1 translated\n"


def test_unchanged_files_are_skipped(engine, folder):
    """The engine is asked for what has changed alone, also by another name."""
    write(folder, a="one\n", b="two\n")
    translate(folder)
    engine.asked.clear()
    write(folder, b="three\n")

    said = translate(folder)

    assert said.out.splitlines() == ["b.md -> b.es.md", "1 translated, 1 unchanged"]
    assert engine.asked == [["three"]]


@pytest.mark.parametrize(
    ("options", "change"),
    [
        ({"anchors": "follow"}, lambda folder: None),
        ({"source": "es", "to": "fr"}, lambda folder: None),
        ({"force": True}, lambda folder: None),
        ({}, lambda folder: (folder / "a.fr.md").unlink()),
        ({}, lambda folder: write(folder, b="`a`[](a.md#one)")),
    ],
)
def test_whatever_changes_a_translation_makes_a_new_one(
    engine, folder, options, change
):
    """Another option, a lost file, a link from elsewhere."""
    write(folder, a="# one\n")
    translate(folder, "fr")
    engine.asked.clear()
    change(folder)

    translate(folder, **({"to": "fr"} | options))

    assert engine.asked == [["one"]]


def test_another_engine_makes_a_new_translation(engine, folder, use_engines):
    """Another server of the same kind does not."""
    write(folder, a="one\n")
    translate(folder)

    class Other(ToldEngine):
        """Another kind."""

    use_engines(same := ToldEngine(str.title, name="elsewhere"))
    translate(folder)
    use_engines(other := Other(str.title))
    translate(folder)

    assert (same.asked, other.asked) == ([], [["one"]])
    assert (folder / "a.es.md").read_text() == "One\n"


def test_dry_run_says_what_would_be_done(engine, folder, tmp_path):
    """It asks no engine and writes nothing; what cannot be read is a failure."""
    write(folder, a="one\n", b="two\n")
    translate(folder)
    write(folder, b="three\n")
    (folder / "c.md").write_bytes(b"\xff")
    engine.asked.clear()
    before = listed(folder)

    said = translate(folder, dry_run=True)

    assert said.out.splitlines() == [
        "b.md -> b.es.md",
        "1 to translate, 1 unchanged, 1 not readable",
    ]
    assert (said.code, engine.asked, listed(folder)) == (1, [], before)
    said = translate(folder, dry_run=True, out=tmp_path / "out")
    assert said.out.splitlines()[-1] == "2 to translate, 1 not readable"
    assert "record" not in said.errors
    assert not (tmp_path / "out").exists()


def test_files_that_cannot_be_read_are_named(engine, folder):
    """They are no UTF-8, no files, or lead in a circle; the others are translated."""
    write(folder, a="one\n")
    (folder / "b.md").write_bytes("é\n".encode() * 3 + "é\n".encode("latin-1"))
    os.mkfifo(folder / "c.md")
    (folder / "d.md").symlink_to("d.md")
    (folder / "e.md").symlink_to("nowhere")
    (folder / "f").symlink_to(".")

    said = translate(folder)

    assert said.code == 1
    assert (folder / "a.es.md").read_text() == "ONE\n"
    assert said.out.splitlines()[-1] == "1 translated, 4 not readable"
    assert said.errors.splitlines() == [
        "b.md: is not UTF-8 (byte 10)",
        "c.md: is not a regular file",
        "d.md: Too many levels of symbolic links",
        "e.md: No such file or directory",
        "CommandError: Not all files are translated.",
    ]


def test_folders_that_cannot_be_read_are_named(engine, folder, monkeypatch):
    """The system refuses, for want of a permission; the others are translated."""
    write(folder, a="one\n", b__c="two\n")
    list_folder = os.scandir

    def refuse(path):
        if os.fspath(path) == os.fspath(folder / "b"):
            raise PermissionError(errno.EACCES, "Permission denied", os.fspath(path))
        return list_folder(path)

    monkeypatch.setattr(os, "scandir", refuse)
    said = translate(folder)

    assert (said.code, said.out) == (
        1,
        "a.md -> a.es.md\n1 translated, 1 not readable\n",
    )
    assert said.errors.startswith("b: Permission denied\n")


def test_hidden_files_and_folders_are_left_alone(engine, folder):
    """Version control and environments contain Markdown, too."""
    (folder / ".git").mkdir()
    (folder / ".git" / "a.md").write_text("one\n")
    (folder / ".b.md").write_text("one\n")

    said = translate(folder)

    assert (said.code, said.out) == (0, "No Markdown files.\n")


def test_a_file_that_fails_does_not_end_the_others(make_engine, folder):
    """Its old translation stays, the failure names no word of it, and the code is 1."""
    engine = make_engine(patience_seconds=0.01)
    write(folder, a="one\n", b=f"{SECRET}\n", c="three\n")
    translate(folder)

    def answer(text):
        if SECRET in text:
            raise ValueError(text)
        return text.title()

    engine.answer = answer
    write(folder, a="four\n", b=f"new {SECRET}\n", c="six\n")
    said = translate(folder)

    assert said.code == 1
    assert said.out.splitlines()[-1] == "2 translated, 1 failed"
    assert (folder / "a.es.md").read_text() == "Four\n"
    assert (folder / "b.es.md").read_text() == f"{SECRET.upper()}\n"
    assert SECRET not in f"{said}"


def test_a_file_that_failed_is_tried_again_by_the_next_run(make_engine, folder):
    """Its hash is stored once it is translated, whether or not it was before (D41)."""
    engine = make_engine(patience_seconds=0.01)
    write(folder, a="one\n")
    translate(folder)
    write(folder, a="two\n")
    engine.answer = failing(EngineBroken("away"))

    assert translate(folder).code == 1
    make_engine()

    assert translate(folder).out == "a.md -> a.es.md\n1 translated\n"
    assert (folder / "a.es.md").read_text() == "TWO\n"


def test_a_file_whose_texts_are_all_refused_has_failed(make_engine, folder):
    """As by a server that misses its key; the next run tries it again (D41)."""
    make_engine(failing(EngineRefused("400")))
    write(folder, a="# One\n\ntwo\n")

    said = translate(folder)
    assert (said.code, said.out) == (1, "1 failed\n")
    assert "a.md (es): every text was refused\n" in said.errors
    assert not (folder / "a.es.md").exists()
    make_engine()

    assert translate(folder).out == "a.md -> a.es.md\n1 translated\n"


@pytest.mark.parametrize("is_recorded", [True, False])
def test_files_of_others_are_not_replaced(engine, folder, is_recorded):
    """Corrected by hand, or never ours: they are named, until they are given up."""
    write(folder, a="one\n")
    if is_recorded:
        translate(folder)
        write(folder, a="two\n")
    (folder / "a.es.md").write_text("by hand\n")

    said = translate(folder)

    assert said.code == 1
    assert "a.md (es): a.es.md has other contents (--force" in said.errors
    assert (folder / "a.es.md").read_text() == "by hand\n"
    assert translate(folder, force=True).code == 0
    assert (folder / "a.es.md").read_text() != "by hand\n"
    assert translate(folder).out == "1 unchanged\n"


def test_a_translation_has_the_permissions_of_its_source(engine, folder):
    """A replaced one keeps its own."""
    write(folder, a="one\n", b="two\n")
    (folder / "a.md").chmod(0o640)
    translate(folder)
    (folder / "b.es.md").chmod(0o600)
    write(folder, b="three\n")
    translate(folder)

    modes = [(folder / f"{name}.es.md").stat().st_mode & 0o777 for name in "ab"]

    assert modes == [0o640, 0o600]


def test_a_translation_that_cannot_be_written_is_named(engine, folder):
    """A folder has its name; nothing half is left beside it."""
    write(folder, a="one\n", b="two\n")
    (folder / "a.es.md").mkdir()

    said = translate(folder, force=True)

    assert "a.md (es): Is a directory" in said.errors
    assert (said.code, listed(folder)) == (1, [NAME, "a.md", "b.es.md", "b.md"])


def test_what_the_engine_breaks_is_said(engine, folder):
    """A file that is partly in the old language is a translation nevertheless."""
    engine.answer = lambda text: text.replace("⟦", "").upper()
    write(folder, a="A `red` one.\n\nyes\n")

    said = translate(folder)

    assert said.code == 0
    assert "a.md -> a.es.md (1 of 2 texts kept their original)\n" in said.out


def test_patience_with_engines_that_are_away_is_spent_once(
    make_engine, folder, monkeypatch
):
    """Then the run stops, and says what is left."""
    monkeypatch.setattr(run, "RECOVERY_SECONDS", 0)
    engine = make_engine(patience_seconds=0.01)
    engine.is_there = False
    write(folder, **{f"a{number:02}": "one\n" for number in range(30)})

    said = translate(folder, jobs=1)

    assert said.code == 1
    lines = said.errors.splitlines()
    assert lines[0] == "a00.md (es): no engine has answered"
    assert lines[1:3] == ["left: a01.md (es)", "left: a02.md (es)"]
    assert lines[-2:] == [
        "left: 9 more",
        "CommandError: Stopped: no translation engine answers.",
    ]
    assert said.out == "1 failed, 29 left\n"


def test_a_document_that_engines_fail_at_does_not_stop_the_run(make_engine, folder):
    """They answer to the others."""
    engine = make_engine(patience_seconds=0.01)

    def answer(text):
        if text == "two":
            raise EngineBroken("bad answer")
        return text.upper()

    engine.answer = answer
    write(folder, a="one\n", b="two\n", c="three\n")

    said = translate(folder, jobs=1)

    assert said.code == 1
    assert "b.md (es): no engine has answered" in said.errors
    assert (folder / "c.es.md").read_text() == "THREE\n"


def test_engines_that_never_come_are_an_error(make_engine, folder):
    """A server's pairs are known once it was there."""
    make_engine(pairs=(), patience_seconds=0.01)

    said = translate(folder)

    assert said.errors == "CommandError: No translation engine answers.\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"to": "fr,xx,yy"}, "--to must be among es, fr, got 'xx', 'yy'"),
        ({"to": " , "}, "--to must be among es, fr, got none"),
        ({"to": "en"}, "--to must be among es, fr, got 'en'"),
        ({"source": "xx"}, "--from must be one of en, es, got 'xx'"),
    ],
)
def test_an_unknown_language_is_an_error(engine, folder, options, message):
    """It says which ones there are."""
    assert translate(folder, **options).errors == f"CommandError: {message}\n"


def test_what_is_no_folder_is_an_error(engine, folder):
    """A file is none either."""
    write(folder, a="one\n")

    for path in (folder / "a.md", folder / "none"):
        said = translate(path)
        assert said.errors == f"CommandError: {path} is not a folder\n"


def test_a_broken_record_is_an_error(engine, folder):
    """Nothing is guessed from it, and nothing written."""
    write(folder, a="one\n")
    for text in ("{", "[]", '{"version": 2}', '{"version": 1, "files": {"a": 1}}'):
        (folder / NAME).write_text(text)

        said = translate(folder)

        assert f"{NAME} cannot be read; mend or delete it" in said.errors
        assert listed(folder) == [NAME, "a.md"]


@pytest.mark.parametrize("name", [b"a\n.md", b"a\x1b[31m.md", b"a\xff.md"])
def test_names_cannot_command_a_terminal(engine, folder, name):
    """Line ends, escape sequences and bytes of no encoding are written out."""
    (folder / os.fsdecode(name)).write_text("one\n")

    said = translate(folder)

    assert said.code == 0
    assert len(said.out.splitlines()) == 2
    assert "\x1b" not in said.out
    assert said.out.isascii()
    assert translate(folder).out == "1 unchanged\n"


def test_the_folder_of_a_broken_record_cannot_command_a_terminal(engine, folder):
    """Its name is written out, as those of files are."""
    (folder / "a\x1b[31m").mkdir()
    (folder / "a\x1b[31m" / NAME).write_text("{")

    said = translate(folder)

    assert f"a\\x1b[31m/{NAME} cannot be read; mend or delete it" in said.errors
    assert "\x1b" not in said.errors


def test_links_from_other_files_keep_a_headings_id(engine, folder):
    """In each way that they may be written; links of other sites and none do not."""
    write(
        folder,
        a="# one\n\n# two\n\n# three\n\n# four\n\n# five\n",
        b__c="[x](../a.md#one) [x]: /a.html#two\n<a href='../a#three'>x</a>\n",
        b__d="[x](a.md#four) [x](https://a.md#five) [x](../A.md#five)\n",
    )

    translate(folder)

    assert (folder / "a.es.md").read_text() == (
        '# <a id="one"></a>ONE\n\n# <a id="two"></a>TWO\n\n'
        '# <a id="three"></a>THREE\n\n# FOUR\n\n# FIVE\n'
    )


def test_links_within_a_file_follow_if_asked_to(engine, folder):
    """Those from elsewhere cannot, so that the heading keeps its id for them."""
    write(folder, a="[x](#one) [x](#two)\n\n# one\n\n# two\n", b="`x`[](a.md#two)\n")
    engine.answer = lambda text: {"one": "uno", "two": "dos"}.get(text, text)

    translate(folder, anchors="follow")

    assert (folder / "a.es.md").read_text() == (
        '[x](#uno) [x](#two)\n\n# uno\n\n# <a id="two"></a>dos\n'
    )


def test_a_pretended_translation_is_said(make_engine, folder):
    """Before it is written into files."""
    make_engine().is_pseudo = True

    assert translate(folder).errors == (
        "No translation engine is installed: the files get accents on letters only.\n"
    )


def test_a_terminal_gets_a_bar(engine, folder):
    """With the file's name; what is to be known and failures have lines."""
    engine.answer = lambda text: text.replace("⟦", "").upper()
    write(folder, a="A `red` one.\n", b="yes\n", c="no\n")
    (folder / "c.es.md").write_text("by hand")

    said = translate(folder, stderr=Terminal(), jobs=1)

    assert "a.md -> a.es.md (1 of 1 texts kept their original)\n" in said.errors
    assert "c.md (es): c.es.md has other contents" in said.errors
    assert "b.md ->" not in said.errors
    assert "| 0/3 [" in said.errors
    assert said.out == "2 translated, 1 failed\n"


def test_verbosity_0_says_failures_only(engine, folder):
    """For cron."""
    write(folder, a="one\n", b="two\n")
    (folder / "b.es.md").write_text("by hand")

    said = translate(folder, verbosity=0)

    assert said.out == ""
    assert said.errors.startswith("b.md (es): b.es.md has other contents")
