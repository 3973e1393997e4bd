"""The task: answer a question, word by word."""

import asyncio
from collections.abc import AsyncIterator

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from demo_site.ask.model import Model
from ephemeral_tasks import aask, task

WORD_SECONDS = 0.08


# Unique, so that two clicks make one operation.
@task(label=_("Answer"), timeout=600, unique=("question", "asks_back"))
async def reply(question: str, asks_back: bool = False) -> AsyncIterator[str]:
    """Yield the answer; its owner reads it meanwhile, and it is the result.

    Args:
        question: Seeds the model.
        asks_back: Ask in the middle how to go on.
    """
    model = Model(question)
    for word in model.write("opening"):
        yield word
        await asyncio.sleep(WORD_SECONDS)
    rest = ("detail", "closing")
    if asks_back and not await _wants_details():
        rest = ("closing",)
    for part in rest:
        for word in model.write(part):
            yield word
            await asyncio.sleep(WORD_SECONDS)


async def _wants_details() -> bool:
    details = gettext("In detail")
    choices = (details, gettext("Briefly"))
    return await aask(gettext("How shall I go on?"), choices=choices) == details
