"""Takes out of an answer about a clip what the clip cannot have shown or said. Pure.

Little of what a model makes up can be told from what it saw. Certain are speech without sound or in silence, the
instruction that the model itself was given, and an answer of which all is a refusal in the form of items.
"""

import re
from dataclasses import replace
from typing import Final

from runops.transcript import AudioItem, TranscriptItem, dump_transcript, parse_item, seconds
from runops_worker.media.transcode.activity import Activity
from runops_worker.model.protocol import AnswerEnd
from runops_worker.model.told_instruction import without_instruction
from runops_worker.transcription.heard_answer import Heard

__all__ = ["without_made_up", "without_speech_in_silence"]

_KEPT: Final = frozenset(
    {"timestamp_start_visual", "timestamp_end_visual", "timestamp_start_audio", "timestamp_end_audio"}
    | {"action_type_observed", "element_bounding_box_pixels"}
)
_REFUSES: Final = re.compile(
    r"(?i)\b(?:I|we) (?:cannot|can not|can[’']t|could not|won[’']t|will not|am (?:unable|not able|not allowed) to)\b"  # noqa: RUF001
    r".{0,20}\b(?:help|assist|comply|transcribe|describe|do (?:that|this|so)|fulfil|provide|process|watch|view)"
)
_MOST_REFUSING: Final = 3
_STAMP_SECONDS: Final = 10.0
"""A model dates what it hears with an error of some seconds."""


def without_made_up(answer: Heard, *, instruction: str, has_audio: bool) -> Heard:
    """Return the answer without speech where the recording has no sound, and without the model's instruction.

    An answer that consists of a refusal counts as one.

    Parameters
    ----------
    answer
        About a clip.
    instruction
        What the model was instructed.
    has_audio
        Whether the recording has sound.
    """
    if 0 < len(answer.items) <= _MOST_REFUSING and all(map(_refuses, answer.items)):
        refusal = "it says that it cannot do this"
        return replace(
            answer, items=(), end=AnswerEnd.REFUSED, detail=refusal, dropped=answer.dropped + len(answer.items)
        )
    items = answer.items if has_audio else tuple(item for item in answer.items if not isinstance(item, AudioItem))
    dropped = len(answer.items) - len(items)
    plain, count = without_instruction(dump_transcript(items), instruction, keep=_KEPT)
    if count:
        items = tuple(parse_item(item) for item in plain)
    unsettled = tuple(
        item.model_copy(update={"raw": without_instruction(item.raw, instruction, keep=_KEPT)[0]})
        for item in answer.unsettled
    )
    return replace(answer, items=items, unsettled=unsettled, dropped=answer.dropped + dropped)


def without_speech_in_silence(answer: Heard, activity: Activity, *, start: float) -> Heard:
    """Return the answer without speech at times when nothing can be heard, nor within 10 s before or after.

    Parameters
    ----------
    answer
        About a clip.
    activity
        Of the recording around it.
    start
        Of the clip, in seconds of the recording.
    """
    items = tuple(
        item
        for item in answer.items
        if not isinstance(item, AudioItem)
        or not activity.is_silent(
            start + item.start - _STAMP_SECONDS, start + seconds(item.timestamp_end_audio) + _STAMP_SECONDS
        )
    )
    return replace(answer, items=items, dropped=answer.dropped + len(answer.items) - len(items))


def _refuses(item: TranscriptItem) -> bool:
    text = (
        item.verbatim_transcript_segment
        if isinstance(item, AudioItem)
        else item.screen_region_description_post_action or ""
    )
    return _REFUSES.search(text) is not None
