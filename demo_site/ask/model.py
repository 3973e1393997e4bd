"""A stand-in for a language model: a grammar and a seed, and no knowledge at all."""

import random
import re
from collections.abc import Iterator

GRAMMAR = {
    "opening": [
        "## {subject}\n\n{claim} {claim} **{moral}**\n\n",
        "## {subject}\n\n{claim} *{moral}* {claim}\n\n",
    ],
    "detail": [
        "{bridge}\n\n- {point}\n- {point}\n- {point}\n\n{claim} {claim}\n\n",
        "{claim} {bridge}\n\n- {point}\n- {point}\n\n{claim}\n\n",
    ],
    "closing": [
        "{claim} Remember `{command}`, and {advice}.\n",
        "In short: {advice}. **{moral}**\n",
    ],
    "subject": ["A short answer", "What is known", "It depends"],
    "claim": [
        "Most {things} are {quality} until {somebody} looks closely.",
        "{Somebody} once measured {things} and found them {quality}.",
        "There is hardly a {thing} that is not {quality} in the end.",
        "With {things} it is as with {things}: {quality}, but rarely for long.",
    ],
    "bridge": ["Three things matter here:", "Consider the following:"],
    "point": [
        "**{thing}**: {quality}, when {somebody} is away",
        "**{thing}**: never without `{command}`",
        "a {quality} {thing}, which {somebody} forgot",
    ],
    "moral": ["Simple things stay.", "Every answer ends.", "Nothing is kept."],
    "advice": ["start small", "ask {somebody}", "do not trust a {quality} {thing}"],
    "things": ["queues", "answers", "lighthouses", "teapots", "migrations"],
    "thing": ["queue", "lighthouse", "teapot", "migration"],
    "quality": ["ephemeral", "quiet", "punctual", "surprisingly heavy"],
    "somebody": ["a librarian", "the night shift", "a careful reader"],
    "Somebody": ["A librarian", "The night shift", "A careful reader"],
    "command": ["manage.py check", "git bisect", "make tea"],
}


class Model:
    """Writes the same answer to the same question, in parts that a task asks for."""

    def __init__(self, question: str) -> None:
        self._random = random.Random(question)

    def write(self, part: str) -> Iterator[str]:
        """Yield a part of the answer, word by word: opening, detail or closing."""
        yield from re.findall(r"\s*\S+\s*", self._expand(f"{{{part}}}"))

    def _expand(self, text: str) -> str:
        while match := re.search(r"\{(\w+)\}", text):
            choice = self._random.choice(GRAMMAR[match[1]])
            text = text[: match.start()] + choice + text[match.end() :]
        return text
