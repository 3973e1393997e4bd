"""The task: answer a question, word by word."""

import asyncio
from collections.abc import AsyncIterator

from django.utils.translation import gettext_lazy as _

from demo_site.ask.model import Model
from ephemeral_tasks import task

WORD_SECONDS = 0.08


@task(label=_("Answer"), timeout=600)
async def reply(question: str) -> AsyncIterator[str]:
    """Yield the answer; its owner reads it meanwhile, and it is the result.

    Args:
        question: Seeds the model.
    """
    model = Model(question)
    for part in ("opening", "detail", "closing"):
        for word in model.write(part):
            yield word
            await asyncio.sleep(WORD_SECONDS)
