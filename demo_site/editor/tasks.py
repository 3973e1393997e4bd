"""The task: translate a Markdown text, paragraph by paragraph."""

from functools import partial
from typing import TypedDict

from django.utils.translation import gettext

from demo_site.editor.forms import TranslateForm
from demo_site.translation import EngineError, translate_document, translated_name
from ephemeral_tasks import TaskFailed, progress, task


class Translation(TypedDict):
    """The result: both texts, and how many paragraphs could not be translated."""

    original: str
    translation: str
    source: str
    target: str
    total: int
    """Number of paragraphs, headings and table cells in the text."""
    kept: int
    """Number of those that stayed as they were, because the engine broke them."""


def _name(source: str, target: str) -> str:
    names = {"source": translated_name(source), "target": translated_name(target)}
    return gettext("%(source)s to %(target)s") % names


@task(
    label=_name,
    form=TranslateForm,
    shown=("source", "target"),
    timeout=600,
    keep_input=True,
)
async def translate(
    text: str, source: str, target: str, rehearse: bool = False
) -> Translation:
    """Return the text with its words translated and every other byte unchanged.

    Args:
        text: Markdown.
        source, target: Language codes, a pair of the engine.
        rehearse: Fail halfway, on purpose.

    Raises:
        TaskFailed: The engine did not answer, or ``rehearse`` is set.
    """
    try:
        splice = await translate_document(
            text, source, target, on_progress=partial(_report, rehearse)
        )
    except EngineError as error:
        sentence = gettext("The engine does not answer. Try again in a moment.")
        raise TaskFailed(sentence) from error
    return Translation(
        original=text,
        translation=splice.text,
        source=source,
        target=target,
        total=splice.total,
        kept=splice.kept,
    )


def _report(rehearse: bool, done: int, total: int) -> None:
    if rehearse and 2 * done >= total:
        raise TaskFailed(gettext("As you asked, the engine failed halfway."))
    where = {"number": min(done + 1, total), "total": total}
    progress(done, total, gettext("paragraph %(number)s of %(total)s") % where)
