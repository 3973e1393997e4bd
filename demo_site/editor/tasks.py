"""The task: translate a Markdown text, paragraph by paragraph."""

import asyncio
from typing import TypedDict

from django.utils.translation import gettext

from demo_site.editor.forms import TranslateForm
from demo_site.translation import EngineError, get_engine, split, translated_name
from ephemeral_tasks import TaskFailed, progress, task

# Slow the pseudo engine down, so that there is progress to watch.
PSEUDO_SECONDS = 0.2


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
    # In threads: on the loop, a long text would delay all other operations.
    document = await asyncio.to_thread(split, text)
    translated = []
    for number, paragraph in enumerate(document.texts, start=1):
        where = {"number": number, "total": len(document.texts)}
        message = gettext("paragraph %(number)s of %(total)s") % where
        progress(number - 1, len(document.texts), message)
        if rehearse and number > len(document.texts) / 2:
            raise TaskFailed(gettext("As you asked, the engine failed halfway."))
        translated += await _translate(paragraph, source, target)
    splice = await asyncio.to_thread(document.splice, translated)
    return Translation(
        original=text,
        translation=splice.text,
        source=source,
        target=target,
        total=splice.total,
        kept=splice.kept,
    )


async def _translate(paragraph: str, source: str, target: str) -> list[str]:
    engine = get_engine()
    if engine.is_pseudo:
        await asyncio.sleep(PSEUDO_SECONDS)
    try:
        return await engine.translate([paragraph], source, target)
    except EngineError as error:
        sentence = gettext("The engine does not answer. Try again in a moment.")
        raise TaskFailed(sentence) from error
