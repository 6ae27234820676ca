"""A broken promise."""

from dataclasses import dataclass

__all__ = ["Violation"]


@dataclass(frozen=True, slots=True)
class Violation(Exception):  # noqa: N818 - says what is the case
    """A promise was broken."""

    what: str
    about: object = ""

    def __str__(self) -> str:
        return f"{self.what} ({self.about})"
