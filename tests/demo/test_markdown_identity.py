"""Texts that come back unchanged leave every string as it was."""

from unicodedata import category, normalize

from hypothesis import given
from hypothesis import strategies as st

from demo_site.translation.markdown import split
from demo_site.translation.placeholders import tear
from tests.demo.markdown_documents import MARKED, documents, fewer, spoken

_SIGNS = (
    "ab \t\r\n\0\x0b\x0c\x1c\x85\xa0\u2028\u2029\ufeff\ud800"
    "*_`~[]()<>!#|-+=:;&\\\"'{}%^1.@/⟦⟧"
)
_SCRAPS = (
    "⟦1⟧,\r\n,\n\n,    ,---\n,...\n,```\n,> ,- ,1. ,[a]: /u\n,[^1]: ,[^1],"
    "|a|b|\n|-|-|\n,\\|,http://x.y,<b>,</b>,<code>,<!--,-->,&amp;,&eacute;,[x] ,"
    "![,](,**,<div>\n,% ,Title: ,;;;\n,+++\n,$$,$,\\(,\\),\\[,\\],\\begin{math},"
    "\\end{math},:::,:::{a}\n,:a: b\n,!!! a ,!!! a\n\n    ,> [!a] ,import a from 'a',"
    "export {,{/*,*/},<A b={,}>,[[,]],{{< code >}},{{< /code >}},{% raw %},"
    "{% endraw %},%a%,{a},{{ a }},%s,:a:,a\u0301"
)
_strings = st.one_of(
    st.text(st.characters(codec=None, categories=None)),
    st.lists(st.sampled_from([*_SIGNS, *_SCRAPS.split(",")]), max_size=30).map("".join),
    documents(),
)


@given(_strings)
def test_join_of_its_own_texts_is_the_source(source):
    """Byte for byte, whatever the string: control characters, line ends, surrogates."""
    document = split(source)

    splice = document.splice(document.texts)

    assert splice.text == source
    assert splice.kept == 0


@given(_strings)
def test_texts_hold_only_what_the_parser_gave_as_words(source):
    """A stock parser says of each run of words that it is text, composed or not."""
    said = [normalize("NFD", each) for each in spoken(source)]

    for text in split(source).texts:
        for words in tear(text)[0]:
            for part in words.split():
                assert any(normalize("NFD", part) in each for each in said)


@given(_strings)
def test_texts_can_be_sent_to_any_engine(source):
    """No control character, line separator or lone surrogate is in them."""
    for text in split(source).texts:
        assert not {*map(category, text)} & {"Cc", "Cs", "Zl", "Zp"}
        assert text == text.strip()


@given(_strings)
def test_placeholders_of_a_document_are_numbered_through(source):
    """Each number is there once, so that answers cannot trade places unnoticed."""
    numbers = [number for text in split(source).texts for number in tear(text)[1]]

    assert numbers == list(range(1, len(numbers) + 1))


@fewer
@given(documents())
def test_texts_hold_nothing_that_must_not_change(source):
    """Code, targets, titles, tags, definitions and front matter are marked with zz."""
    assert not MARKED.findall(" ".join(split(source).texts))
