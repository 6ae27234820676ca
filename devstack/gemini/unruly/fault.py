"""What a fault of an answer is. Pure data."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

__all__ = ["EndFault", "FileFault", "TextFault", "ValueFault"]

Kind = Literal["transcribe", "sop", "any"]


@dataclass(frozen=True, slots=True)
class ValueFault:
    """A fault of the value, before it becomes JSON text.

    Attributes
    ----------
    name
        By which settings and counts name it; `shares.toml` has the share of these answers that has it.
    kind
        Of the calls whose answers may have it.
    change
        Takes the value and a source of chance, and returns the value with the fault. It may change the value itself.
    """

    name: str
    kind: Kind
    change: Callable[[Any, Random], Any]


@dataclass(frozen=True, slots=True)
class TextFault:
    """A fault of the JSON text: `change` takes the text and returns it with the fault."""

    name: str
    kind: Kind
    change: Callable[[str, Random], str]


@dataclass(frozen=True, slots=True)
class EndFault:
    """How an answer ends instead of with its whole text.

    Attributes
    ----------
    outcome
        As scripted turns name it, see `devstack.gemini.behaviour.Outcome`.
    details
        Further fields of the turn.
    """

    name: str
    kind: Kind
    outcome: str
    details: Callable[[Random], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class FileFault:
    """What goes wrong with an uploaded file: an outcome of `devstack.gemini.behaviour.Outcome`."""

    name: str
    outcome: str
