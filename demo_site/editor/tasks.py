"""The task: translate a Markdown text into one language after the other."""

from collections.abc import Callable
from typing import TypedDict

from django.utils.text import get_text_list
from django.utils.translation import gettext

from demo_site.editor.forms import TranslateForm, say_unknown_pair
from demo_site.translation import (
    EngineError,
    EngineRefused,
    Splice,
    UnknownPair,
    translate_document,
    translated_name,
)
from ephemeral_tasks import TaskFailed, progress, task, write


class Translation(TypedDict):
    """The result; languages are in the order in which they were translated."""

    original: str
    source: str
    translations: dict[str, str]
    """The translated text by language; at least one."""
    failed: dict[str, str]
    """Why there is no translation, in a sentence, by language."""
    total: int
    """Number of paragraphs, headings and table cells in the text."""
    kept: dict[str, int]
    """Number of those that stayed as they were: the engine refused or broke them."""


def _name(source: str, target: tuple[str, ...]) -> str:
    targets = get_text_list([*map(translated_name, target)], gettext("and"))
    names = {"source": translated_name(source), "target": targets}
    return gettext("%(source)s to %(target)s") % names


@task(
    label=_name,
    form=TranslateForm,
    shown=("source", "target"),
    timeout=1800,
    keep_input=True,
)
async def translate(
    text: str, source: str, target: list[str], rehearse: bool = False
) -> Translation:
    """Return the text's translations: words change, every other byte stays.

    What is translated so far is written as the operation's output. A language that
    fails does not lose the others.

    Args:
        text: Markdown.
        source: A language code.
        target: Language codes, each a pair of the engine with ``source``.
        rehearse: Fail in the middle of the last language, on purpose.

    Raises:
        TaskFailed: No language could be translated into.
    """
    done: dict[str, Splice] = {}
    failed: dict[str, str] = {}
    is_alone = len(target) == 1
    for language in target:
        name = "" if is_alone else translated_name(language)
        report = _reporter(name, is_rehearsed=rehearse and language == target[-1])
        if not is_alone:
            write(f"── {name} ──\n\n")
        with progress.part(1 / len(target), translated_name(language)):
            try:
                done[language] = await _translate(text, source, language, report)
            except TaskFailed as error:
                failed[language] = str(error)
        if not is_alone:
            write(f"{failed.get(language, '')}\n\n")
    if not done:
        raise TaskFailed(next(iter(failed.values())))
    return Translation(
        original=text,
        source=source,
        translations={language: each.text for language, each in done.items()},
        failed=failed,
        total=next(iter(done.values())).total,
        kept={language: each.kept for language, each in done.items()},
    )


async def _translate(
    text: str, source: str, target: str, report: Callable[[int, int], None]
) -> Splice:
    try:
        return await translate_document(
            text, source, target, on_progress=report, on_piece=write
        )
    except EngineError as error:
        raise TaskFailed(_sentence(error, source, target)) from error


def _sentence(error: EngineError, source: str, target: str) -> str:
    """Return what a visitor reads of an error."""
    match error:
        case UnknownPair():
            return say_unknown_pair(source, target)
        case EngineRefused():
            return gettext("The engine does not translate this text.")
    return gettext("The engine does not answer. Try again in a moment.")


def _reporter(name: str, *, is_rehearsed: bool) -> Callable[[int, int], None]:
    """Return what reports how many of a language's paragraphs are finished.

    Args:
        name: Of the language, where there are several.
        is_rehearsed: Whether it raises halfway.
    """

    def report(done: int, total: int) -> None:
        if is_rehearsed and 2 * done > total:
            raise TaskFailed(gettext("As you asked, the engine failed halfway."))
        where = {"language": name, "number": min(done + 1, total), "total": total}
        sentence = (
            gettext("%(language)s, paragraph %(number)s of %(total)s")
            if name
            else gettext("paragraph %(number)s of %(total)s")
        )
        progress(done, total, sentence % where)

    return report
