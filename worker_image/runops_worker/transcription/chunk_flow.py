"""Decides what is asked next about a chunk, from what was answered. Pure.

Good items are kept and never asked for again. What an answer leaves out is asked for again, in a shorter range. A range
about which the model gives no answer is halved. A half that it refuses too goes to the next model, if there is one; the
last model halves on. What is still missing after that, or after the last call that is allowed, is lost: it becomes a
gap of the transcript.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from pydantic import ValidationError

from runops.failures import Reason
from runops.quality import MOST_FALLBACKS, Gap, TranscriptQuality, kept_gaps
from runops.recorded_secrets.mask import mask
from runops.recorded_secrets.texts import change_texts
from runops.transcript import TranscriptItem, dump_transcript, ordered, parse_item
from runops_worker.checkpoint.format import (
    AnsweredRange,
    ChunkState,
    LostRange,
    OpenQuestion,
    Trouble,
    UnsettledItem,
)
from runops_worker.media.transcode.activity import Activity
from runops_worker.media.transcode.chunks import Chunk
from runops_worker.model.protocol import Answer, AnswerEnd
from runops_worker.transcription.answer.read_answer import read_answer
from runops_worker.transcription.chunk_request import MOST_REPAIRED
from runops_worker.transcription.coverage import all_at_one_second, uncovered, without_items
from runops_worker.transcription.gaps import joined
from runops_worker.transcription.item_times import shifted
from runops_worker.transcription.item_words import words
from runops_worker.transcription.known_secrets import KnownSecrets
from runops_worker.transcription.mask_secrets import hidden_in, mask_items
from runops_worker.transcription.merge.chunk_transcript import ChunkTranscript

__all__ = [
    "MOST_CALLS",
    "Heard",
    "after_answer",
    "begun",
    "gaps_of",
    "heard",
    "is_usable",
    "may_be_halved",
    "quality_of",
    "transcripts_of",
    "unanswered",
    "with_lost_ranges_open",
    "without_secrets",
]

MOST_CALLS: Final = 12
"""Questions about one chunk. One bad place in 300 s takes 7 (the whole, then two for each of three halvings), two take
11. A fallback model answers sooner: a chunk that the first model refuses everywhere takes 5."""
_LEAST_SECONDS: Final = 20.0
"""Halves are not shorter than this: where so little video gets no answer, less will not either."""
_OVERLAP_SECONDS: Final = 2.0
_LEAST_CLIP_SECONDS: Final = 10.0
"""A shorter rest or missing part is shown with what comes before it, which the model needs to understand it."""
_LEAST_PROGRESS_SECONDS: Final = 5.0
_FEW: Final = 0.1
"""One unreadable item in ten is dropped: its neighbours tell about the same seconds, and a repair shows the model the
whole clip again."""
_FAIR: Final = 0.5
"""If fewer items than this share can be read even after a repair, the answer counts as none."""
_MOST_MISSING: Final = 3
"""Ranges that are asked again after one answer."""
_BUSY_SHARE: Final = 0.03
"""An answer without any item is believed if less than this share of the time is busy: a clock on the screen."""
_LEAST_BUSY_SECONDS: Final = 2
_LEAST_GAP_SECONDS: Final = 30.0
_MOST_CYCLE: Final = 12
_LEAST_CYCLES: Final = 3


_LEFT_OUT: Final = Trouble(reason="not_covered", detail="it leaves out times in which something happens")

Range = tuple[float, float]


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


@dataclass(frozen=True, slots=True)
class _Step:
    """What follows from one answer.

    `items` are those of the question's range, up to `until`; None where nothing of it is kept.
    """

    items: Sequence[TranscriptItem] | None = None
    until: float = 0.0
    ask: tuple[OpenQuestion, ...] = ()
    lost: tuple[LostRange, ...] = ()
    dropped: int = 0
    repaired: int = 0


def begun(key: str, chunk: Chunk, *, so_far: str = "") -> ChunkState:
    """Return the state of a chunk about which nothing was asked; `so_far` as in `ChunkState`."""
    whole = OpenQuestion(start=chunk.start, end=chunk.start + chunk.length)
    return ChunkState(key=key, open=(whole,), so_far=so_far)


def is_usable(state: ChunkState) -> bool:
    """Return whether a saved state is of this version and its items can be read."""
    if not state.open and not state.calls:
        return False
    try:
        transcripts_of(state)
    except ValidationError:
        return False
    return True


def transcripts_of(state: ChunkState) -> list[ChunkTranscript]:
    """Return what is transcribed of a chunk.

    Raises
    ------
    pydantic.ValidationError
        The state holds something that is not an item.
    """
    return [ChunkTranscript(part.start, part.end, [parse_item(item) for item in part.items]) for part in state.answered]


def gaps_of(states: Sequence[ChunkState]) -> tuple[Gap, ...]:
    """Return the gaps of the transcript of all chunks."""
    return joined(
        Gap(start=lost.start, end=lost.end, reason=lost.trouble.reason) for state in states for lost in state.lost
    )


def quality_of(states: Sequence[ChunkState], items: Sequence[TranscriptItem], *, first_model: str) -> TranscriptQuality:
    """Return what was done to get the transcript of all chunks, which has these items.

    Parameters
    ----------
    states, items
        Of all chunks.
    first_model
        The model that is asked first; any other is a fallback model.
    """
    models = (part.model for state in states for part in state.answered if part.items)
    return TranscriptQuality(
        settled=sum(state.settled for state in states),
        dropped=sum(state.dropped for state in states),
        repaired=sum(state.repaired for state in states),
        asked_again=sum(state.asked_again for state in states),
        hidden_secrets=hidden_in(items),
        gaps=kept_gaps(gaps_of(states)),
        fallback_models=tuple(name for name in dict.fromkeys(models) if name not in {"", first_model})[:MOST_FALLBACKS],
    )


def with_lost_ranges_open(state: ChunkState) -> ChunkState:
    """Return the state with what was lost to be asked about again, by as many calls as at first."""
    # A clip begins at a whole second, where a picture begins. What is left out may begin anywhere.
    again = tuple(
        OpenQuestion(start=float(int(lost.start)), end=lost.end, purpose="again", trouble=lost.trouble)
        for lost in state.lost
    )
    return state.model_copy(update={"open": (*state.open, *again), "lost": (), "calls": 0})


def may_be_halved(start: float, end: float) -> bool:
    """Return whether a range about which there is no answer is asked about in halves."""
    return end - start >= 2 * (_LEAST_SECONDS + _OVERLAP_SECONDS)


def after_answer(state: ChunkState, heard: Heard, *, activity: Activity, models: int) -> ChunkState:
    """Return the state of a chunk once its next question has been answered.

    Parameters
    ----------
    state
        Its first open question was asked.
    heard
        The answer.
    activity
        Of the recording during the chunk.
    models
        How many models can be asked: the task's own, and those to fall back on.
    """
    question, others = state.open[0], state.open[1:]
    answered = state.answered
    if question.purpose == "repair":
        # The part that it is about was added by the answer just before.
        before, answered = answered[-1], answered[:-1]
        items = [parse_item(item) for item in before.items]
        step = _after_repair(question, heard, before=items, activity=activity, models=models)
    else:
        step = _after_question(question, heard, activity=activity, models=models)
    if step.items is not None:
        part = AnsweredRange(start=question.start, end=step.until, items=dump_transcript(step.items), model=heard.model)
        answered = (*answered, part)
    return _within_budget(
        state.model_copy(
            update={
                "open": (*step.ask, *others),
                "answered": answered,
                "lost": (*state.lost, *_still_lost(step.lost, answered)),
                "calls": state.calls + 1,
                "settled": state.settled + sum(heard.settled.values()),
                "dropped": state.dropped + heard.dropped + step.dropped,
                "repaired": state.repaired + step.repaired,
                "asked_again": state.asked_again + (question.purpose not in {"first", "repair"}),
            }
        )
    )


def unanswered(state: ChunkState) -> ChunkState:
    """Return the state of a chunk whose next question no model can answer: a fallback model that is out.

    What the first model refused stays lost, as it would be without a fallback model.
    """
    return _given_up(state.model_copy(update={"open": state.open[1:]}), state.open[:1])


def _still_lost(lost: Sequence[LostRange], answered: Sequence[AnsweredRange]) -> list[LostRange]:
    """Return what is lost, without the times that an earlier answer tells about."""
    items = _placed(answered)
    result: list[LostRange] = []
    for part in lost:
        is_left_out = part.trouble.reason == "not_covered"
        result.extend(_still_missing(items, (part.start, part.end)) if is_left_out else [part])
    return result


def _placed(answered: Sequence[AnsweredRange]) -> list[TranscriptItem]:
    """Return the items in the recording's time."""
    return [shifted(parse_item(item), part.start) for part in answered for item in part.items]


def _within_budget(state: ChunkState) -> ChunkState:
    """Give up what is still open after the last call that is allowed."""
    if state.calls < MOST_CALLS or not state.open:
        return state
    return _given_up(state.model_copy(update={"open": ()}), state.open)


def _given_up(state: ChunkState, questions: Sequence[OpenQuestion]) -> ChunkState:
    lost: list[LostRange] = []
    dropped = 0
    items = _placed(state.answered)
    for question in questions:
        if question.purpose == "repair":
            dropped += len(question.unsettled)
        elif question.purpose == "missing":
            lost.extend(_still_missing(items, (question.start, question.end)))
        else:
            lost.append(LostRange(start=question.start, end=question.end, trouble=question.trouble))
    return state.model_copy(update={"lost": (*state.lost, *lost), "dropped": state.dropped + dropped})


def _after_question(question: OpenQuestion, heard: Heard, *, activity: Activity, models: int) -> _Step:
    if heard.end is not AnswerEnd.COMPLETE or heard.unusable is not None or not heard.is_whole:
        return _after_broken_answer(question, heard, activity=activity, models=models)
    if len(heard.unsettled) <= _FEW * (len(heard.items) + len(heard.unsettled)):
        step = _covered(question, heard.items, activity=activity, models=models)
        return replace(step, dropped=step.dropped + len(heard.unsettled))
    unsettled, too_many = heard.unsettled[:MOST_REPAIRED], heard.unsettled[MOST_REPAIRED:]
    repair = question.model_copy(update={"purpose": "repair", "unsettled": unsettled})
    return _Step(items=heard.items, until=question.end, ask=(repair,), dropped=len(too_many))


def _after_repair(
    question: OpenQuestion, heard: Heard, *, before: Sequence[TranscriptItem], activity: Activity, models: int
) -> _Step:
    repaired = heard.items[: len(question.unsettled)]
    dropped = len(question.unsettled) - len(repaired)
    items = ordered([*before, *repaired])
    if len(items) < _FAIR * (len(before) + len(question.unsettled)):
        faults = [fault for item in question.unsettled for fault in item.faults]
        trouble = Trouble(reason="empty", detail=(faults or [""])[0])
        step = _without_answer(question, (question.start, question.end), trouble, may_repeat=False, models=models)
        return replace(step, dropped=len(question.unsettled) + len(before))
    step = _covered(question, items, activity=activity, models=models)
    return replace(step, dropped=step.dropped + dropped, repaired=len(repaired))


def _covered(question: OpenQuestion, items: Sequence[TranscriptItem], *, activity: Activity, models: int) -> _Step:
    """Return what follows from a whole answer: what it leaves out is asked about once, then lost."""
    start, end = question.start, question.end
    if not items:
        busy = activity.busy(start, end)
        if busy < max(_LEAST_BUSY_SECONDS, _BUSY_SHARE * (end - start)):
            return _Step(items=(), until=end)
        trouble = Trouble(reason="empty", failure=Reason.MODEL_EMPTY_ANSWER)
        may_repeat = question.purpose == "first"
        return _without_answer(question, (start, end), trouble, may_repeat=may_repeat, models=models)
    step = _with_missing(question, items, until=end, activity=activity)
    if not (step.ask or step.lost) or not all_at_one_second(items):
        return step
    # Their times are wrong, so it is not known what they tell about.
    if question.purpose == "missing":
        again = _without_answer(question, (start, end), _LEFT_OUT, may_repeat=False, models=models)
    else:
        again = _Step(ask=(_asked(question, (start, end), "missing", _LEFT_OUT),))
    return replace(again, dropped=len(items))


def _with_missing(
    question: OpenQuestion, items: Sequence[TranscriptItem], *, until: float, activity: Activity
) -> _Step:
    """Keep the items; ask about what they leave out, or lose it where it has been asked about before."""
    placed = [shifted(item, question.start) for item in items]
    missing = uncovered(placed, activity, start=question.start, end=until, most=_MOST_MISSING)
    if question.purpose == "missing":
        lost = [LostRange(start=part[0], end=part[1], trouble=_LEFT_OUT) for part in missing]
        return _Step(items=items, until=until, lost=tuple(lost))
    ask = [_asked(question, _widened(part, question), "missing", _LEFT_OUT) for part in missing]
    return _Step(items=items, until=until, ask=tuple(ask))


def _still_missing(items: Sequence[TranscriptItem], part: Range) -> list[LostRange]:
    # Between two items there is no gap, however few seconds of the range they tell about.
    least = min(_LEAST_GAP_SECONDS, part[1] - part[0])
    holes = without_items(items, start=part[0], end=part[1], least=least)
    return [LostRange(start=start, end=end, trouble=_LEFT_OUT) for start, end in holes]


def _after_broken_answer(question: OpenQuestion, heard: Heard, *, activity: Activity, models: int) -> _Step:
    """Return what follows from an answer that is not whole: its items are kept, and the rest is asked about."""
    items = _before_loop(heard.items) if heard.end is AnswerEnd.LOOPED else heard.items
    trouble, dropped = _trouble(heard), len(heard.unsettled)
    if not items:
        may_repeat = heard.end is AnswerEnd.COMPLETE and heard.unusable is not None and question.purpose == "first"
        whole = (question.start, question.end)
        step = _without_answer(question, whole, trouble, may_repeat=may_repeat, models=models)
        return replace(step, dropped=dropped)
    reached = question.start + float(int(items[-1].start))
    if question.end - reached <= 1.0:
        return replace(_with_missing(question, items, until=question.end, activity=activity), dropped=dropped)
    step = _with_missing(question, items, until=reached, activity=activity)
    rest = _rest(question, (reached, question.end), trouble, models=models)
    return replace(step, ask=(*step.ask, *rest.ask), lost=(*step.lost, *rest.lost), dropped=dropped)


def _rest(question: OpenQuestion, rest: Range, trouble: Trouble, *, models: int) -> _Step:
    """Return what is asked about the rest of a range after an answer that broke off."""
    length, rest_length = question.end - question.start, rest[1] - rest[0]
    fits = trouble.reason == "cut_off" and rest_length <= length / 2
    # A rest that is longer than what was answered would break off again. What is refused is found by halving.
    if fits or not may_be_halved(*rest):
        clip = _widened(rest, question)
        if clip[0] - question.start >= _LEAST_PROGRESS_SECONDS:
            return _Step(ask=(_asked(question, clip, "rest", trouble),))
    return _without_answer(question, rest, trouble, may_repeat=False, models=models)


def _without_answer(question: OpenQuestion, part: Range, trouble: Trouble, *, may_repeat: bool, models: int) -> _Step:
    """Return what follows where there is no answer about a range: again, in halves, by another model, or not at all."""
    if may_repeat:
        return _Step(ask=(_asked(question, part, "again", trouble),))
    has_next = question.model + 1 < models
    # Shorter ranges help against an answer that breaks off. What a model refuses twice, it mostly refuses again.
    is_refused_again = question.purpose in {"half", "fallback"} and trouble.reason != "cut_off"
    if may_be_halved(*part) and not (has_next and is_refused_again):
        return _Step(ask=tuple(_asked(question, half, "half", trouble) for half in _halves(*part)))
    if has_next:
        fallback = _asked(question, part, "fallback", trouble)
        return _Step(ask=(fallback.model_copy(update={"model": question.model + 1}),))
    return _Step(lost=(LostRange(start=part[0], end=part[1], trouble=trouble),))


def _asked(
    question: OpenQuestion,
    part: Range,
    purpose: Literal["again", "half", "rest", "missing", "fallback"],
    trouble: Trouble,
) -> OpenQuestion:
    return OpenQuestion(start=part[0], end=part[1], purpose=purpose, model=question.model, trouble=trouble)


def _halves(start: float, end: float) -> tuple[Range, Range]:
    """Return the halves of a range, which overlap by 2 s. They meet at a whole second, where a picture begins."""
    middle = float((start + end) // 2)
    return (start, middle + _OVERLAP_SECONDS), (middle, end)


def _widened(part: Range, question: OpenQuestion) -> Range:
    """Return the range of a clip for a part: not too short, and from a whole second on, where a picture begins."""
    begin = min(part[0], part[1] - _LEAST_CLIP_SECONDS)
    return max(float(int(begin)), question.start), part[1]


def _trouble(heard: Heard) -> Trouble:
    if heard.end is AnswerEnd.REFUSED:
        return Trouble(reason="refused", failure=Reason.BLOCKED, detail=heard.detail)
    if heard.end is AnswerEnd.EMPTY:
        return Trouble(reason="empty", failure=Reason.MODEL_EMPTY_ANSWER, detail=heard.detail)
    if heard.end is AnswerEnd.COMPLETE and heard.unusable is not None:
        return Trouble(reason="empty", failure=Reason.INVALID_OUTPUT, detail=heard.unusable)
    return Trouble(reason="cut_off", failure=Reason.OUTPUT_CUT_OFF, detail=heard.detail)


def _before_loop(items: Sequence[TranscriptItem]) -> Sequence[TranscriptItem]:
    """Return the items up to where they begin to repeat themselves, each cycle with other times at most."""
    said = [words(item) for item in items]
    for cycle in range(1, _MOST_CYCLE + 1):
        repeated = 0
        while repeated + cycle < len(said) and said[-1 - repeated] == said[-1 - repeated - cycle]:
            repeated += 1
        if repeated >= (_LEAST_CYCLES - 1) * cycle:
            return items[: len(items) - repeated]
    return items
