"""Draws the faults of one answer. Pure: the same seed, call and number give the same faults."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from devstack.gemini.unruly.endings import END_FAULTS, TEXT_FAULTS
from devstack.gemini.unruly.fault import EndFault, FileFault, TextFault, ValueFault
from devstack.gemini.unruly.file_faults import FILE_FAULTS
from devstack.gemini.unruly.procedures import SOP_FAULTS
from devstack.gemini.unruly.shares import SHARES
from devstack.gemini.unruly.transcripts import TRANSCRIPT_FAULTS

__all__ = ["FAULT_NAMES", "Drawn", "Unruly", "draw", "draw_for_file", "spoiled"]

_VALUE_FAULTS = (*TRANSCRIPT_FAULTS, *SOP_FAULTS)
_ALL: tuple[ValueFault | TextFault | EndFault, ...] = (*_VALUE_FAULTS, *TEXT_FAULTS, *END_FAULTS)
FAULT_NAMES = tuple(fault.name for fault in (*_ALL, *FILE_FAULTS))
"""Every fault of the catalogue, in the order in which faults are put into an answer; those of files come last."""


class Unruly(BaseModel):
    """How unruly the model is.

    Attributes
    ----------
    seed : int
        Another seed gives other faults.
    scale : float
        Multiplies every share; 0 is a model without faults.
    shares : mapping of str to float
        Shares by name in place of those of `shares.toml`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = 0
    scale: float = Field(default=1.0, ge=0, le=100)
    shares: Mapping[str, float] = {}

    @model_validator(mode="after")
    def _names_exist(self) -> "Unruly":
        if unknown := sorted(set(self.shares) - set(FAULT_NAMES)):
            raise ValueError(f"the catalogue has no fault called {', '.join(unknown)}")
        return self

    def share_of(self, name: str) -> float:
        """Return the share of the answers that gets a fault."""
        return self.shares.get(name, SHARES[name]) * self.scale


@dataclass(frozen=True)
class Drawn:
    """The faults of one answer.

    Attributes
    ----------
    names : tuple of str
        Of the faults of value and text.
    turn, end_name : dict and str, or None
        Fields of the scripted turn by which the answer ends, and the fault's name; None for a usual end.
    chance : Random
        For the details of the faults.
    """

    names: tuple[str, ...]
    turn: dict[str, Any] | None
    end_name: str | None
    chance: Random

    @property
    def all_names(self) -> tuple[str, ...]:
        """Names of all faults, that of the end included."""
        return self.names if self.end_name is None else (*self.names, self.end_name)


def draw(unruly: Unruly, *, kind: str, call: str, number: int) -> Drawn:
    """Return the faults of an answer.

    Parameters
    ----------
    kind : str
        What the call is taken for.
    call : str
        Names the call, for instance a hash of its request.
    number : int
        How often this call was answered before: a repetition is answered with other faults.
    """
    chance = Random(f"{unruly.seed}/{call}/{number}")  # noqa: S311 - faults, no secret

    def has(fault: ValueFault | TextFault | EndFault) -> bool:
        # The number is drawn for every fault, so that a share does not change what else is drawn.
        return chance.random() < unruly.share_of(fault.name) and fault.kind in {"any", kind}

    drawn = [fault for fault in _ALL if has(fault)]
    names = tuple(fault.name for fault in drawn if not isinstance(fault, EndFault))
    end = next((fault for fault in drawn if isinstance(fault, EndFault)), None)
    turn = None if end is None else {"outcome": end.outcome, **end.details(chance)}
    return Drawn(names, turn, None if end is None else end.name, chance)


def draw_for_file(unruly: Unruly, *, upload: str, number: int) -> FileFault | None:
    """Return what goes wrong with an upload; None for nothing. `number` tells uploads of one name apart."""
    chance = Random(f"{unruly.seed}/{upload}/{number}")  # noqa: S311 - faults, no secret
    drawn = [fault for fault in FILE_FAULTS if chance.random() < unruly.share_of(fault.name)]
    return drawn[0] if drawn else None


def spoiled(text: str, drawn: Drawn) -> str:
    """Return the text of an answer with the drawn faults of value and text; text that is no JSON stays as it is."""
    if not drawn.names:
        return text
    try:
        value = json.loads(text)
    except ValueError:
        return text
    for fault in _VALUE_FAULTS:
        if fault.name in drawn.names:
            value = fault.change(value, drawn.chance)
    text = json.dumps(value, separators=(",", ":"))
    for changing in TEXT_FAULTS:
        if changing.name in drawn.names:
            text = changing.change(text, drawn.chance)
    return text
