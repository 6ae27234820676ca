"""What a model answered about a clip, as it was read. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from runops.recorded_secrets.mask import mask
from runops.recorded_secrets.texts import change_texts
from runops.transcript import TranscriptItem
from runops_worker.checkpoint.format import UnsettledItem
from runops_worker.model.protocol import Answer, AnswerEnd
from runops_worker.transcription.answer.read_answer import read_answer
from runops_worker.transcription.known_secrets import KnownSecrets
from runops_worker.transcription.mask_secrets import mask_items

__all__ = ["Heard", "heard", "without_secrets"]


@dataclass(frozen=True, slots=True)
class Heard:
    """One answer, as it was read.

    Attributes
    ----------
    end, detail
        How it ended, see `Answer`.
    items
        Its good items, ordered by time. Their times count from the start of the clip.
    unsettled
        Items that could not be read.
    is_whole
        False where the text ends within the JSON.
    unusable
        Why nothing could be read; None where the answer could be read.
    settled
        How often each rule corrected something, by its name.
    dropped
        Items left out by rule.
    model
        Which model gave it.
    """

    end: AnswerEnd = AnswerEnd.COMPLETE
    detail: str = ""
    items: tuple[TranscriptItem, ...] = ()
    unsettled: tuple[UnsettledItem, ...] = ()
    is_whole: bool = True
    unusable: str | None = None
    settled: Mapping[str, int] = field(default_factory=dict)
    dropped: int = 0
    model: str = ""


def heard(answer: Answer, *, length: float) -> Heard:
    """Read an answer about a clip of so many seconds."""
    if not answer.text.strip():
        end = AnswerEnd.EMPTY if answer.end is AnswerEnd.COMPLETE else answer.end
        return Heard(end=end, detail=answer.detail, model=answer.model)
    read = read_answer(answer.text, length=length)
    return Heard(
        end=answer.end,
        detail=answer.detail,
        items=read.items,
        unsettled=tuple(UnsettledItem(raw=item.raw, faults=item.faults) for item in read.unsettled),
        is_whole=read.complete,
        unusable=read.unusable,
        settled=read.settled,
        dropped=len(read.dropped),
        model=answer.model,
    )


def without_secrets(answer: Heard, known: KnownSecrets, *, start: float) -> Heard:
    """Return the answer with its secrets hidden, in the items that could not be read as well.

    Parameters
    ----------
    answer
        About a clip.
    known
        Learns the secrets of the answer.
    start
        Of the clip, in seconds of the recording.
    """
    masked = mask_items(answer.items)
    known.learn(masked.secrets, (replace(one, at=start + one.at) for one in masked.typed))
    unsettled = tuple(item.model_copy(update={"raw": _raw_without_secrets(item.raw)}) for item in answer.unsettled)
    return replace(answer, items=masked.items, unsettled=unsettled)


def _raw_without_secrets(raw: Any) -> Any:
    if isinstance(raw, dict):
        # What is typed is a secret by where it is typed, and such an item cannot be read as a whole. The model sees the
        # clip again when it repairs the item.
        raw = {name: value for name, value in raw.items() if name != "data_input_observed"}
    return change_texts(raw, lambda text: mask(text).text, keep=frozenset())
