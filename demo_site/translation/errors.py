"""Errors of translation engines.

    EngineError
    ├── EngineBroken
    ├── EngineBusy
    ├── EngineRefused
    ├── EngineTimeout
    ├── NoEngine
    └── UnknownPair

Messages may be logged: they name engines, languages and seconds, and never contain a
part of a text.
"""


class EngineError(Exception):
    """The engine did not translate; the error keeps nothing of the request."""


class EngineBroken(EngineError):
    """The engine ended or gave a wrong answer; the next request starts a new one."""


class EngineBusy(EngineError):
    """The engine wants to be asked later."""

    def __init__(self, retry_after_seconds: float) -> None:
        """Set when it may be asked again, in seconds from now."""
        super().__init__(f"busy for {retry_after_seconds:g} seconds")
        self.retry_after_seconds = retry_after_seconds


class EngineRefused(EngineError):
    """The engine works, but does not translate one of these texts."""


class EngineTimeout(EngineError):
    """The engine did not answer in time; the next request starts a new one."""

    def __init__(self, seconds: float) -> None:
        """Set the time limit that was exceeded."""
        super().__init__(f"no answer within {seconds:g} seconds")
        self.seconds = seconds


class NoEngine(EngineError):
    """For a while no engine has translated a text, though all were tried."""


class UnknownPair(EngineError):
    """The engine does not translate between the two languages."""

    def __init__(self, source: str, target: str) -> None:
        """Set the pair that was requested."""
        # Both may come from a request: only language codes may reach a log.
        super().__init__(f"no translation from {_code(source)} to {_code(target)}")
        self.source = source
        self.target = target


def _code(language: str) -> str:
    """Return the code if it looks like one."""
    is_code = language.isascii() and language.replace("-", "").isalnum()
    return language if is_code and len(language) <= 12 else "an unknown language"
