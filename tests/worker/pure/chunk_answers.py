"""A chunk, answers about it, and what is asked next, for tests."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from runops.transcript import TranscriptItem, VisualItem
from runops_worker.checkpoint.format import ChunkState, LostRange, OpenQuestion, UnsettledItem
from runops_worker.media.transcode.activity import Activity
from runops_worker.media.transcode.chunks import Chunk
from runops_worker.model.protocol import AnswerEnd
from runops_worker.transcription.chunk_state import begun
from runops_worker.transcription.heard_answer import Heard
from runops_worker.transcription.next_questions.after_answer import MOST_CALLS, after_answer
from tests.worker.pure.items import clicked

CHUNK = Chunk(index=1, start=1000.0, length=300.0)
BAD = UnsettledItem(raw={"odd": 1}, faults=("it is odd.",))


def activity(changed: Callable[[int], bool], loud: Callable[[int], bool] = lambda _: False) -> Activity:
    """Return what happens in the chunk, by the second of it."""
    return Activity(1000, tuple(changed(at) for at in range(300)), tuple(loud(at) for at in range(300)))


BUSY = activity(lambda _: True)
IDLE = activity(lambda at: at % 100 == 7)


def clicks(*times: float) -> tuple[VisualItem, ...]:
    return tuple(clicked(at, f"Button {at:g}") for at in times)


def every_four_seconds(start: int = 0, end: int = 300) -> tuple[VisualItem, ...]:
    return clicks(*range(start, end, 4))


def whole(*items: TranscriptItem, bad: int = 0) -> Heard:
    return Heard(items=items, unsettled=(BAD,) * bad)


def ended(end: AnswerEnd, *items: TranscriptItem) -> Heard:
    return Heard(end=end, detail="WHY", items=items)


UNUSABLE = Heard(unusable="The answer is not JSON.")


def shown(questions: Sequence[OpenQuestion | LostRange]) -> str:
    """Return questions as `purpose 1000-1300`, ranges that are lost as `reason 1000-1300`."""
    names = [one.purpose if isinstance(one, OpenQuestion) else one.trouble.reason for one in questions]
    return ", ".join(f"{name} {one.start:g}-{one.end:g}" for name, one in zip(names, questions, strict=True))


def asked_first(answer: Heard, happens: Activity = BUSY, *, models: int = 1) -> ChunkState:
    return after_answer(begun("k", CHUNK), answer, activity=happens, models=models)


def asked(question: OpenQuestion, answer: Heard, happens: Activity = BUSY, *, models: int = 1) -> ChunkState:
    return after_answer(ChunkState(key="k", open=(question,)), answer, activity=happens, models=models)


def about(start: float, end: float, purpose: Any, **fields: Any) -> OpenQuestion:
    return OpenQuestion(start=start, end=end, purpose=purpose, **fields)


def repaired(answer: Heard, *, good: int = 75, bad: int = 20) -> ChunkState:
    state = asked_first(whole(*every_four_seconds()[:good], bad=bad))
    assert shown(state.open) == "repair 1000-1300"
    assert state.open[0].unsettled == (BAD,) * bad
    return after_answer(state, answer, activity=BUSY, models=1)


def refusing(*places: int) -> Callable[[OpenQuestion], Heard]:
    def answer(question: OpenQuestion) -> Heard:
        if any(question.start <= 1000 + place < question.end for place in places):
            return ended(AnswerEnd.REFUSED)
        return whole(*every_four_seconds(0, math.ceil(question.end - question.start)))

    return answer


def played(answer: Callable[[OpenQuestion], Heard], *, models: int = 1) -> ChunkState:
    """Answer until nothing is asked any more; after each answer the worker is killed and started again."""
    state = begun("k", CHUNK)
    for _ in range(MOST_CALLS):
        if state.open:
            state = after_answer(state, answer(state.open[0]), activity=BUSY, models=models)
            assert ChunkState.model_validate(state.model_dump(mode="json")) == state
    assert state.open == ()
    return state
