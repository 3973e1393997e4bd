"""The ways in which an engine fails.

    EngineError
    ├── EngineBroken
    ├── EngineTimeout
    └── UnknownPair

Their messages are fit for a log: they name engines, languages and seconds, and never a
word of what was to be translated.
"""


class EngineError(Exception):
    """An engine did not translate; nothing of the request is left in it."""


class EngineBroken(EngineError):
    """The engine ended, or answered something else than it was asked.

    It is gone by now, and the next request gets a new one.
    """


class EngineTimeout(EngineError):
    """The engine did not answer in time; it is gone like a broken one."""

    def __init__(self, seconds: float) -> None:
        """Say how long the engine had."""
        super().__init__(f"no answer within {seconds:g} seconds")
        self.seconds = seconds


class UnknownPair(EngineError):
    """The engine has no way from the one language to the other."""

    def __init__(self, source: str, target: str) -> None:
        """Name the pair that was asked for."""
        # Both may come from a request; what is no language code stays out of logs.
        super().__init__(f"no translation from {_code(source)} to {_code(target)}")
        self.source = source
        self.target = target


def _code(language: str) -> str:
    """The code if it can be one."""
    is_code = language.isascii() and language.replace("-", "").isalnum()
    return language if is_code and len(language) <= 12 else "an unknown language"
