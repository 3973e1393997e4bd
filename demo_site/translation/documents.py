"""Translates a whole document; this is what the editor and the commands call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable

from django.views.decorators.debug import sensitive_variables

from demo_site.translation.markdown import Document, Splice, split
from demo_site.translation.together.work import translate_texts
from ephemeral_tasks import current_operation


def _ignore(*args: object) -> None:
    """Stand in for a callback that was not given."""


@sensitive_variables()
async def translate_document(
    text: str,
    source: str,
    target: str,
    *,
    linked: frozenset[str] = frozenset(),
    is_following: bool = False,
    on_progress: Callable[[int, int], object] = _ignore,
    on_piece: Callable[[str], object] = _ignore,
) -> Splice:
    """Return the document with its words translated and every other byte unchanged.

    Both callbacks are called on the caller's loop; what they raise ends the
    translation and is raised here.

    Args:
        text: Markdown.
        source, target: Language codes, one of the engine's pairs.
        linked, is_following: As `split` takes them.
        on_progress: Called with how many of the document's texts (paragraphs, headings,
            table cells) are finished and how many there are; first with 0.
        on_piece: Called with one piece of the translated document after the other, in
            order and each as soon as it is finished. The result may differ from them:
            a translation that would change the structure of the whole document gives
            way to the original, and headings get anchors.

    Raises:
        UnknownPair: There is no translation between the two languages.
        NoEngine: For a while no engine has answered.
        EngineRefused: Engines translate none of its texts.
    """
    # In threads: on the loop, a long text would delay all other operations.
    document = await asyncio.to_thread(
        split, text, linked=linked, is_following=is_following
    )
    texts = document.texts
    on_progress(0, len(texts))
    on_piece(_head(document))
    translated: list[str] = []

    @sensitive_variables()  # a function of its own, with the same variables
    def on_portion(answers: list[str]) -> None:
        for answer in answers:
            translated.append(answer)
            on_progress(len(translated), len(texts))
            on_piece(_piece(document, len(translated) - 1, answer))

    await translate_texts(texts, source, target, key=_key(), on_portion=on_portion)
    return await asyncio.to_thread(document.splice, translated)


def _key() -> Hashable:
    """Return by what documents take turns: all languages of an operation as one."""
    try:
        return current_operation().id
    except RuntimeError:  # of a command, or of a test
        return object()


def _head(document: Document) -> str:
    """Return what stands before the first text."""
    first = document.segments[0].start if document.segments else None
    return document.source[:first]


def _piece(document: Document, index: int, answer: str) -> str:
    """Return a text's translation and what follows it, up to the next text."""
    segment, *others = document.segments[index : index + 2]
    end = others[0].start if others else None
    words = segment.fit(answer)
    translated = segment.source(segment.words if words is None else words)
    return translated + document.source[segment.end : end]
