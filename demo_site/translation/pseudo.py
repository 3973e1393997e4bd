"""An engine that only accents letters, for tests and as a stand-in."""

import asyncio
from itertools import permutations

from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from demo_site.translation.contract import Limits, Pair, as_pairs
from demo_site.translation.errors import UnknownPair

_PLAIN = "AEIOUYaeiouycnCN"
_ACCENTED = "ÀÉÎÕÜÝàéîõüýçñÇÑ"
_LANGUAGES = ("ca", "en", "es", "fr", "it", "pt")


class PseudoEngine:
    """Accents letters, so that the table has something to show without an engine.

    ASCII letters are replaced one for one; placeholders, digits, white space and
    accented letters stay as they are.
    """

    name = "pseudo"
    is_pseudo = True
    notice = _("No translation engine is installed: this page only accents letters.")

    # One by one, so that there is progress to watch.
    limits = Limits(texts=1)

    _table = str.maketrans(_PLAIN, _ACCENTED)
    _pairs = as_pairs(permutations(_LANGUAGES, 2))

    def __init__(self, *, seconds: float = 0.0) -> None:
        """Make an engine.

        Args:
            seconds: How long it pretends to work on a text.
        """
        self._seconds = seconds

    @sensitive_variables()
    async def translate(self, texts: list[str], source: str, target: str) -> list[str]:
        """Return the texts with accented letters, whatever the languages."""
        self.route(source, target)
        if self._seconds:
            await asyncio.sleep(self._seconds * len(texts))
        return [text.translate(self._table) for text in texts]

    def pairs(self) -> tuple[Pair, ...]:
        """Return every pair of a few languages."""
        return self._pairs

    def route(self, source: str, target: str) -> tuple[str, ...]:
        """Return the two languages."""
        if (source, target) not in self._pairs:
            raise UnknownPair(source, target)
        return source, target

    async def healthy(self) -> bool:
        """Return True: it needs nothing."""
        return True

    async def aclose(self) -> None:
        """Do nothing: it holds nothing."""
