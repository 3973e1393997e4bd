"""What other dialects add to Markdown keeps every byte, words beside it change."""

import pytest

from demo_site.translation.markdown import split


def translated(source: str) -> str:
    """Return the document with all its words in capitals."""
    document = split(source)
    splice = document.splice([text.upper() for text in document.texts])
    assert splice.kept == 0
    return splice.text


@pytest.mark.parametrize(
    "formula",
    [
        "$x$",
        "$a + b$",
        "$x_i \\in A_j$",
        "$f(a) * g(b) * c$",
        "$\\text{if so} \\ne 5\\$$",
        "$`a < b`$",
        "$$a + b$$",
        "$$\na\n= b\n$$",
        "\\(a + b\\)",
        "\\(a\\)",
        "\\\\(a + b\\\\)",
        "\\[a = \\frac{b}{c} \\\\ d\\]",
        "\\\\[a = b\\\\]",
        "$$profit = revenue - cost$$",
        "\\begin{align} x &= y \\\\ &= z \\end{align}",
    ],
)
def test_formula_in_a_sentence_is_not_translated(formula):
    """Dollars and escaped brackets, alone or twice, each with words on both sides."""
    assert translated(f"yes {formula} yes, ({formula})") == (
        f"YES {formula} YES, ({formula})"
    )


@pytest.mark.parametrize(
    "lines",
    [
        "$$\nf(a)\n- g(b)\n$$",
        "$$\na\n=\nb\n$$",
        "$$ a = b $$",
        "$$\na = b\n\nc = d\n$$",
        "\\[\na\n+ b\n\\]",
        "\\\\[\n# a\n\\\\]",
        "\\begin{equation*}\nprofit\n= revenue\n- all the cost\n\\end{equation*}",
        "```math\nprofit\n\n- cost\n```",
        "~~~ {.math}\nprofit\n~~~",
    ],
)
@pytest.mark.parametrize("prefix", ["", "> ", "- ", "1. "])
def test_formula_on_its_own_lines_is_not_translated(prefix, lines):
    """CommonMark reads some of them as lists, headings or several paragraphs."""
    rest = "> " if prefix == "> " else " " * len(prefix)
    inside = prefix + lines.replace("\n", f"\n{rest}")

    assert translated(f"yes\n\n{inside}\n\nyes") == f"YES\n\n{inside}\n\nYES"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("yes $5 yes and $10 yes", "YES $5 YES AND $10 YES"),
        ("yes 5$ and 10$ yes", "YES 5$ AND 10$ YES"),
        ("yes ($5 or more) US$ yes", "YES ($5 OR MORE) US$ YES"),
        ("yes \\$yes\\$ yes", "YES \\$YES\\$ YES"),
        ("yes `$` yes `$` yes", "YES `$` YES `$` YES"),
        ("[yes $5](a$b) yes", "[YES $5](a$b) YES"),
        ("yes \\[yes indeed\\] yes", "YES \\[YES INDEED\\] YES"),
        ("yes\\(yes, often\\)", "YES\\(YES, OFTEN\\)"),
        ("$$\n\nyes, this is prose\n\n$$", "$$\n\nYES, THIS IS PROSE\n\n$$"),
    ],
)
def test_dollars_and_brackets_in_prose_are_no_formula(source, expected):
    """Prices, shell prompts, and brackets that are escaped for CommonMark's sake."""
    assert translated(source) == expected


def test_an_answer_cannot_make_a_formula():
    """Words between dollars would be shown as one."""
    document = split("yes `a`, 10$ yes")

    assert document.join(["$x ⟦1⟧, 10$ sí"]) == "$x `a`, 10$ sí"
    assert document.splice(["$x$ ⟦1⟧, 10$ sí"]).kept == 1


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_passages_are_found_with_any_line_ends(end):
    """Their places are those of the original text, also behind a byte order mark."""
    lines = [
        "\ufeffyes",
        "",
        "> $$",
        "> f(a)",
        "> - b",
        "> $$",
        "> yes",
        "",
        ":::no yes",
    ]

    assert translated(end.join(lines)) == end.join(
        ["\ufeffYES", "", "> $$", "> f(a)", "> - b", "> $$", "> YES", "", ":::no YES"]
    )


@pytest.mark.parametrize(
    "answer",
    [
        ":::note sí",
        '!!! note "sí"',
        "import sí from 'sí'",
        "$$ a = b $$",
        "{/* sí */}",
        "<Sí a={b} />",
    ],
)
def test_an_answer_cannot_make_a_passage(answer):
    """Other dialects would read it as code or as a box."""
    document = split("yes\n\nyes")

    splice = document.splice([answer, "sí"])

    assert (splice.kept, splice.text) == (1, "yes\n\nsí")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        # Docusaurus, VitePress, Pandoc, MyST.
        (":::note yes\n\nyes\n\n:::", ":::note YES\n\nYES\n\n:::"),
        (":::tip[yes]\nyes\n:::", ":::tip[YES]\nYES\n:::"),
        ("::: warning yes\nyes\n:::", "::: warning YES\nYES\n:::"),
        ("::::{no} yes\n:::{no}\nyes", "::::{no} YES\n:::{no}\nYES"),
        ("::: {.no #no}\nyes\n:::", "::: {.no #no}\nYES\n:::"),
        (":::{no} yes\n:no: no\n:no:\nyes", ":::{no} YES\n:no: no\n:no:\nYES"),
        ("> :::{no}\n> :no: no\n> yes", "> :::{no}\n> :no: no\n> YES"),
        (":::no\n:yes it is", ":::no\n:yes IT IS"),
        (':::no{title="no"}\nyes', ':::no{title="no"}\nYES'),
        ("> :::danger yes\n> yes", "> :::danger YES\n> YES"),
        ("- :::info\n  yes\n  :::", "- :::info\n  YES\n  :::"),
        # Python-Markdown and Material for MkDocs.
        ("!!! note\n    yes", "!!! note\n    YES"),
        ('!!! no no "yes"\n    yes', '!!! no no "YES"\n    YES'),
        ('!!! no "yes\u2019s `no` yes"', '!!! no "YES\u2019S `no` YES"'),
        ('!!! no ""\n    yes', '!!! no ""\n    YES'),
        ('!!! no inline end "yes"', '!!! no inline end "YES"'),
        ('??? no "yes"\n    yes', '??? no "YES"\n    YES'),
        ('???+ no "yes"\n    yes', '???+ no "YES"\n    YES'),
        ('=== "yes"\n\nyes', '=== "YES"\n\nYES'),
        ("!!! yes, it is", "!!! YES, IT IS"),
        # GitHub and Obsidian.
        ("> [!NOTE]\n> yes", "> [!NOTE]\n> YES"),
        ("> [!NOTE] yes\n> yes", "> [!NOTE] YES\n> YES"),
        ("> > [!WARNING]\n> > yes", "> > [!WARNING]\n> > YES"),
        ("> [!faq]- yes\n> yes", "> [!faq]- YES\n> YES"),
        ("> [!tip|no]\n> yes", "> [!tip|no]\n> YES"),
    ],
)
def test_keyword_of_an_admonition_is_not_translated(source, expected):
    """Its title and its text are."""
    assert translated(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        "!!! no\n\n    yes `no`\n\n    yes\n    yes\n\nyes\n\n    no = code\n",
        '??? no "yes"\n    yes\n\n    yes\n\n    ```\n    no\n    ```\n\n        no\n',
        '=== "yes"\n\n    - yes\n\n        yes\n\n=== "yes"\n\n    yes\n',
        '=== "yes"\n\n    !!! no\n\n        yes\n',
        "> !!! no\n>\n>     yes\n>\n> yes\n",
        "- !!! no\n\n      yes\n",
        "!!! no\r\n\r\n    yes\r\n\r\n\r\n",
        "!!! no\n\n\tyes\n",
        "!!! no\n\n    # yes\n\n    | yes | yes |\n    |--|--|\n    | yes | yes |\n",
        "!!! yes, it is\n\n    no = code\n",
        "yes\n\n!!! no\n\nyes\n\n    no = code\n",
    ],
)
def test_text_that_is_indented_below_a_title_is_translated(source):
    """As MkDocs writes it, although CommonMark reads code behind a blank line."""
    expected = source.replace("yes", "YES").replace(", it is", ", IT IS")

    assert translated(source) == expected
    assert split(source).join(split(source).texts) == source


def test_an_answer_cannot_change_what_is_indented():
    """It would be another block in the reading of both."""
    document = split("!!! no\n\n    yes\n\n    yes\n")

    for answer in ("- sí", "# sí", "```", "> sí", "1. sí", "---"):
        assert document.join([answer, "sí"]) == "!!! no\n\n    yes\n\n    sí\n"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import No from 'no';\n\nyes", "import No from 'no';\n\nYES"),
        ("import No, {\n  no as No,\n} from 'no'\n\nyes",) * 2,
        ("import 'no.css'\nimport * as no from \"no\"\n\nyes",) * 2,
        ("export const no = {\n\n  no: 'no',\n}\n\nyes",) * 2,
        ("export default function no() {\n\n  return no\n}\n\nyes",) * 2,
        ("export * from 'no'\n\nyes",) * 2,
        ("{/* no\n\nno */}\n\nyes",) * 2,
        ('<No no={[{no: "no"}]} no="no" />\n\nyes',) * 2,
        ("<No\n  no={() => {\n\n    no()\n  }}\n>\n\nyes\n\n</No>",) * 2,
        ("yes <No.No no={no} no='no'>yes</No.No> yes",) * 2,
        ("<img no={no('no').no} alt='no' /> yes",) * 2,
        ("yes {no.no} {`no ${no}`} yes",) * 2,
        ("import yes of the yes", "IMPORT YES OF THE YES"),
        ('Import the yes from "yes".', 'IMPORT THE YES FROM "YES".'),
        ('Import yes from "yes".', 'IMPORT YES FROM "YES".'),
        ("Export default yes of yes", "EXPORT DEFAULT YES OF YES"),
        ("import No, * as no from 'no'\n\nyes",) * 2,
        ("import type {no} from 'no'\n\nyes",) * 2,
        ("a < yes and yes > b", "A < YES AND YES > B"),
    ],
)
def test_code_of_mdx_is_not_translated(source, expected):
    """Statements, comments, expressions and tags; words between tags are."""
    assert translated(source) == expected.replace("yes", "YES")


@pytest.mark.parametrize(
    "code",
    [
        "{% highlight ruby %}\n- no\n\nno {{ no }}\n{% endhighlight %}",
        "{% raw %}no {% no %}{% endraw %}",
        "{%- comment -%}\n\nno\n\n{%- endcomment -%}",
        "{{< highlight go >}}\nno := no\n\n- no {{ no }}\n{{< /highlight >}}",
        "{{< mermaid >}}\nno -->|no| no\n{{</mermaid>}}",
        "{{% math %}}a + no{{% /math %}}",
    ],
)
def test_code_between_template_tags_is_not_translated(code):
    """Jekyll's, Hugo's and raw templates' code, over blank lines or in a sentence."""
    assert translated(f"yes\n\n{code}\n\nyes") == f"YES\n\n{code}\n\nYES"
    inline = " ".join(code.split())
    assert translated(f"yes {inline} yes") == f"YES {inline} YES"


@pytest.mark.parametrize(
    "source",
    [
        "{{% no no %}}\nyes\n{{% /no %}}",
        '{{< no no="no" >}} yes {{< no >}}yes{{< /no >}} {{< /no >}}',
        'yes [yes]({{< ref "no.md#no" >}}) yes',
        "{% hint style='no' %}\nyes\n{% endhint %}",
        "{{< highlight no >}} yes",
    ],
)
def test_text_between_other_template_tags_is_translated(source):
    """Hugo's and GitBook's boxes and tabs are around sentences."""
    assert translated(source) == source.replace("yes", "YES")


@pytest.mark.parametrize(
    "name",
    [
        "[[Main Page]]",
        "[[Main Page|the page]]",
        "[[Main Page#The house]]",
        "![[a picture.png]]",
        "%name%",
        "{count, plural, one {# house} other {# {kind} houses}}",
        "<%= name %>",
        "<% if name %>",
        "{{< figure\n  title='no' >}}",
        "[TOC]",
        "[[_TOC_]]",
        '{% include no.html title="no" %}',
        ":name",
        "${name}",
        "$name",
        "{name}",
        "{}",
        "{{name}}",
        "{{ name | filter('no') }}",
        "#{name}",
        "%s",
        "%1$s",
        ":smile:",
        ":+1:",
        ":man_in_tuxedo:",
        "{{</* no */>}}",
        "%(name)s",
        "@josé",
        "@jose\u0301",
        "re\u0301sume\u0301.txt",
        "/home/jose\u0301/a",
        "jose\u0301_name",
    ],
)
def test_name_in_a_sentence_is_not_translated(name):
    """Templates, messages and wikis refer to something by it."""
    assert translated(f"yes {name} yes") == f"YES {name} YES"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("## The kitchen {#kitchen}", "The kitchen"),
        ("## The kitchen {: #kitchen .big }", "The kitchen"),
        ("## The kitchen {#kitchen} ##", "The kitchen"),
        ("The kitchen\n{: .big}", "The kitchen"),
        ("The [kitchen](a){.big} here", "The ⟦1⟧kitchen⟦2⟧ here"),
        ("<Icon name={house} /> The kitchen", "The kitchen"),
        (":::note The kitchen", "The kitchen"),
        ('!!! note "The kitchen"', "The kitchen"),
    ],
)
def test_marks_beside_a_sentence_are_not_sent(source, text):
    """Ids, classes and keywords are no part of it, so that no engine can move them."""
    assert split(source).texts == [text]
