"""Documents are split into texts and joined from answers."""

import pytest

from demo_site.translation.markdown import split
from demo_site.translation.placeholders import PLACEHOLDER, placeholder, tear


def shouted(text: str) -> str:
    """A translation that cannot be mistaken for its original."""
    return PLACEHOLDER.sub(lambda match: match[0], text.upper())


def translated(source: str) -> str:
    """The document with each of its texts shouted."""
    document = split(source)
    splice = document.splice([shouted(text) for text in document.texts])
    assert splice.kept == 0
    return splice.text


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("---\ntitle: no\n---\n\nyes", "---\ntitle: no\n---\n\nYES"),
        ("yes `no` yes", "YES `no` YES"),
        ("yes ``no ` no`` yes", "YES ``no ` no`` YES"),
        ("```no\nno\n```\nyes", "```no\nno\n```\nYES"),
        ("    no\n\nyes", "    no\n\nYES"),
        ('[yes](no "no") yes', '[YES](no "no") YES'),
        ("[yes][no]\n\n[no]: no 'no'", "[YES][no]\n\n[no]: no 'no'"),
        ("[no] yes\n\n[no]: no", "[no] YES\n\n[no]: no"),
        ("[no][] yes\n\n[no]: no", "[no][] YES\n\n[no]: no"),
        ('![no](no "no") yes', '![no](no "no") YES'),
        ("<https://no.no> yes", "<https://no.no> YES"),
        ("yes https://no.no/no_(no). Yes", "YES https://no.no/no_(no). YES"),
        (
            "_yes https://no.no/_ (https://no.no)",
            "_YES https://no.no/_ (https://no.no)",
        ),
        (
            "*yes _https://no.no/no_no_no=*no*_* yes",
            "*YES _https://no.no/no_no_no=*no*_* YES",
        ),
        ("yes www.no.no, no@no.no", "YES www.no.no, no@no.no"),
        ("yes[^no]\n\n[^no]: yes", "YES[^no]\n\n[^no]: YES"),
        ("yes[^no] yes", "YES[^no] YES"),
        ('<b id="no">yes</b> yes', '<b id="no">YES</b> YES'),
        ("yes <kbd>no</kbd> yes", "YES <kbd>no</kbd> YES"),
        ("<div>\nno\n</div>\n\nyes", "<div>\nno\n</div>\n\nYES"),
        ("<!-- no --> yes", "<!-- no --> yes"),
        ("yes <!-- no --> yes", "YES <!-- no --> YES"),
        ("- [ ] yes\n  - [x] yes", "- [ ] YES\n  - [x] YES"),
        (
            "| yes | `no\\|` |\n|:-|-|\n| yes \\| yes |",
            "| YES | `no\\|` |\n|:-|-|\n| YES \\| YES |",
        ),
        ("yes | yes\n-|-\n1 | yes", "YES | YES\n-|-\n1 | YES"),
        ("> | yes |\n> |-|\n> | yes |", "> | YES |\n> |-|\n> | YES |"),
        ("# yes #\n\nyes\n===", "# YES #\n\nYES\n==="),
        ("yes &mdash; yes", "YES &mdash; YES"),
        ("yes caf&eacute; R&amp;D yes", "YES caf&eacute; R&amp;D YES"),
        ("yes snake_case \\*yes\\*", "YES snake_case \\*YES\\*"),
        ("yes  \nyes\\\nyes\nyes", "YES  \nYES\\\nYES\nYES"),
        ("> yes\nyes\n> yes", "> YES\nYES\n> YES"),
        ("*yes* __yes__ ***yes*** ~~yes~~", "*YES* __YES__ ***YES*** ~~YES~~"),
        ("yes {{ no }} {% no %} %(no)s {no}", "YES {{ no }} {% no %} %(no)s {no}"),
        ("yes settings.py /etc/hosts --no @no", "YES settings.py /etc/hosts --no @no"),
        ("> [!NOTE]\n> yes", "> [!NOTE]\n> YES"),
        ("yes ⟦1⟧ yes", "YES ⟦1⟧ YES"),
        ("\ufeff# yes", "\ufeff# YES"),
        ("yes\r\n\r\n- yes\r- yes\n", "YES\r\n\r\n- YES\r- YES\n"),
        ("yes\0yes \ud800 yes\x0cyes", "YES\0YES \ud800 YES\x0cYES"),
    ],
)
def test_words_change_and_nothing_else_does(source, expected):
    """Each construct keeps every byte beside the words that a reader reads."""
    assert translated(source) == expected


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ("", []),
        ("---\n\n1 &amp; 2\n\n`code`", []),
        ("# The **red** house", ["The ⟦1⟧red⟦2⟧ house"]),
        ("**All** of it", ["All⟦1⟧ of it"]),
        ("> Use `x`\n> or *y*, and\\\nz", ["Use ⟦1⟧ or ⟦2⟧y⟦3⟧, and ⟦4⟧ z"]),
        ("| A | 1 |\n|---|---|\n| b | - |", ["A", "b"]),
        ("one `1`\n\ntwo `2`", ["one ⟦1⟧", "two ⟦2⟧"]),
    ],
)
def test_engine_gets_one_text_a_block_with_numbered_placeholders(source, texts):
    """Numbers count through the document; signs at both ends stay outside."""
    assert split(source).texts == texts


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("la ⟦1⟧ casa ⟦2⟧ roja ⟦3⟧ y ⟦4⟧ fin", "la **casa** roja `x` y\nfin"),
        ("la⟦1⟧casa⟦2⟧roja⟦3⟧y⟦4⟧fin", "la **casa** roja `x` y\nfin"),
        ("  la ⟦ 1 ⟧casa⟦2⟧, ⟦3⟧, y ⟦4⟧ fin\n", "la **casa**, `x`, y\nfin"),
        ("la ⟦1⟧casa⟦2⟧ ⟦3⟧ y ⟦4⟧ fin", "la **casa** `x` y\nfin"),
    ],
)
def test_spaces_beside_placeholders_are_the_originals(answer, expected):
    """Engines lose and add spaces there; emphasis and line ends cannot bear it."""
    assert split("the **red** house `x` and\nend").join([answer]) == expected


def test_spaces_come_where_the_other_script_has_none():
    """Chinese has no spaces around code; English has."""
    assert (
        split("使用`x`命令。").join(["Use the ⟦1⟧ command."]) == "Use the `x` command."
    )


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ("Use `x` now", "Usa ahora"),
        ("Use `x` now", "Usa ⟦1⟧ ⟦1⟧ ahora"),
        ("Use `x` now", "Usa ⟦2⟧ ahora"),
        ("Use `x` and `y` now", "Usa ⟦2⟧ y ⟦1⟧ ahora"),
        ("Use `x` now", "Usa ⟦1⟧ ahora ⟦"),
        ("Use `x` now", "⟦1⟧"),
        ("words", ""),
        ("words", " \t "),
        ("words", "..."),
        ("words", "1. palabras"),
        ("words", "- palabras"),
        ("words", "# palabras"),
        ("words", "> palabras"),
        ("words", "---"),
        ("words", "palabras\n\nmás"),
        ("words", "palabras\rmás"),
        ("words", "palabras\u2028más"),
        ("words", "palabras\0"),
        ("words", "palabras \ud800"),
        ("words", "*palabras*"),
        ("words", "`palabras`"),
        ("words", "pala~bras"),
        ("words", "<b>palabras</b>"),
        ("words", "palabras &amp; más"),
        ("words", "palabras\\"),
        ("words", "[palabras](x)"),
        ("words", "palabras https://x.example"),
        ("words", "palabras a@x.example"),
        ("words", "palabras {{ x }}"),
        ("words", "palabras " * 100),
        ("Read [this](x) now", "Lee esto ⟦1⟧⟦2⟧ ahora"),
        ("[one] two", "⟦1⟧uno⟦2⟧: dos"),
        ("one\ntwo", "uno dos ⟦1⟧"),
        ("one\ntwo", "uno ⟦1⟧ - dos"),
        ("one\ntwo", "uno ⟦1⟧ ==="),
        ("See https://x.example. Then", "Ve ⟦1⟧/otro"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a | b"),
        ("# words", "#"),
        ("***one* two**", "⟦1⟧ uno ⟦2⟧"),
    ],
)
def test_unusable_answer_keeps_its_original_and_is_counted(source, answer):
    """The document is as it was, and the visitor can be told."""
    document = split(source)
    rest = document.texts[1:]

    splice = document.splice([answer, *rest])

    assert splice.text == source
    assert (splice.kept, splice.total) == (1, 1 + len(rest))


def test_unusable_answer_takes_no_other_with_it():
    """One bad answer of many costs one text its translation."""
    document = split("\n\n".join(f"word {number}" for number in range(300)))
    answers = [shouted(text) for text in document.texts]
    answers[123] = "1) WORD"

    splice = document.splice(answers)

    assert splice.kept == 1
    assert splice.text.splitlines()[::2] == [
        f"WORD {number}" if number != 123 else "word 123" for number in range(300)
    ]


def test_answer_that_is_harmless_by_itself_is_found_out_in_its_place():
    """Only with the rule below it do these dashes open front matter."""
    document = split("one\n\ntwo\n\n---\n\nthree")

    splice = document.splice(["---UNO", "DOS", "TRES"])

    assert splice.kept == 1
    assert splice.text == "one\n\nDOS\n\n---\n\nTRES"


def test_signs_that_mean_nothing_are_welcome():
    """An answer may say what the parser reads as words."""
    assert split("words").join(["5 > 3 & «más», nº #1: +2 - 1 = ¡sí!"]) == (
        "5 > 3 & «más», nº #1: +2 - 1 = ¡sí!"
    )


@pytest.mark.parametrize("count", [0, 1, 3])
def test_wrong_number_of_answers_is_an_error_that_names_both(count):
    """Answers belong to texts by their place, so none can be told apart."""
    document = split("one\n\ntwo")

    with pytest.raises(ValueError, match=f"^texts must be 2 in number, got {count}$"):
        document.join(["x"] * count)


def test_records_do_not_show_their_text():
    """A crash page or a log line that shows a document shows no content."""
    document = split("# A secret `code` word\n\n[secret]: /secret")
    splice = document.splice(document.texts)

    assert "secret" not in repr(document)
    assert "code" not in repr(document)
    assert "secret" not in repr(splice)


def test_placeholders_are_found_and_torn_out():
    """An engine's adapter needs the number; padding by an engine is forgiven."""
    assert placeholder(7) == "⟦7⟧"
    assert PLACEHOLDER.sub(r"[K\1]", "a⟦7⟧ ⟦ 12 ⟧") == "a[K7] [K12]"
    assert tear("a⟦7⟧ ⟦ 12 ⟧") == (["a", " ", ""], [7, 12])
