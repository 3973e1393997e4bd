"""The editor's one task: Markdown, paragraph by paragraph, in another language."""

import asyncio
from typing import TypedDict

from django.utils.translation import gettext

from demo_site.editor.forms import TranslateForm
from demo_site.translation import EngineError, get_engine, split, translated_name
from ephemeral_tasks import TaskFailed, progress, task

# A pretended translation takes a pretended while: else there were nothing to watch.
PRETENDED_SECONDS = 0.2


class Translation(TypedDict):
    """What the task returns: both texts, and how much of the first is in the second."""

    original: str
    translation: str
    source: str
    target: str
    total: int
    """How many paragraphs, headings and cells the text has."""
    kept: int
    """How many of them the engine broke, so that they stayed as they were."""


def _name(source: str, target: str) -> str:
    names = {"source": translated_name(source), "target": translated_name(target)}
    return gettext("%(source)s to %(target)s") % names


@task(label=_name, form=TranslateForm, shown=("source", "target"), timeout=600)
async def translate(
    text: str, source: str, target: str, rehearse: bool = False
) -> Translation:
    """The words of a Markdown text are translated; everything else keeps every byte.

    Args:
        text: Markdown.
        source, target: A pair that the engine has.
        rehearse: Ask for a failure halfway.

    Raises:
        TaskFailed: The engine does not answer, or a failure was asked for.
    """
    # In threads, for a long text would hold up everybody else's operations.
    document = await asyncio.to_thread(split, text)
    translated = []
    for number, paragraph in enumerate(document.texts, start=1):
        where = {"number": number, "total": len(document.texts)}
        message = gettext("paragraph %(number)s of %(total)s") % where
        progress(number - 1, len(document.texts), message)
        if rehearse and number > len(document.texts) / 2:
            raise TaskFailed(gettext("As you asked, the engine failed halfway."))
        translated += await _translated(paragraph, source, target)
    splice = await asyncio.to_thread(document.splice, translated)
    return Translation(
        original=text,
        translation=splice.text,
        source=source,
        target=target,
        total=splice.total,
        kept=splice.kept,
    )


async def _translated(paragraph: str, source: str, target: str) -> list[str]:
    engine = get_engine()
    if engine.is_pseudo:
        await asyncio.sleep(PRETENDED_SECONDS)
    try:
        return await engine.translate([paragraph], source, target)
    except EngineError as error:
        sentence = gettext("The engine does not answer. Try again in a moment.")
        raise TaskFailed(sentence) from error
