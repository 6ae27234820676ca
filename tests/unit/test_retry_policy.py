"""Whether and when a failed video is tried again."""

from typing import Any

import pytest

from runops.failures import TABLE, Failure, FailureClass, Reason
from runops.retry_policy import MOST_COUNTED, MOST_WAITS, Again, GiveUp, History, after_failure, pace

TRANSIENT, QUOTA, KEY = TABLE[Reason.MODEL_TIMEOUT], TABLE[Reason.QUOTA_EXCEEDED], TABLE[Reason.MODEL_KEY_REJECTED]
EVICTED, MEMORY = TABLE[Reason.EVICTED], TABLE[Reason.OUT_OF_MEMORY]


def again(failure: Failure, history: History | None = None, **given: Any) -> Again:
    decision = after_failure(failure, history or History(), retry_limit=3, **given)
    assert isinstance(decision, Again)
    return decision


@pytest.mark.parametrize("reason", [r for r, f in TABLE.items() if not f.retryable])
def test_what_cannot_end_differently_is_given_up_without_a_word(reason: Reason) -> None:
    assert after_failure(TABLE[reason], History(), retry_limit=3) == GiveUp("")


@pytest.mark.parametrize(
    ("failures", "retry_limit", "words"),
    [
        (3, 3, " Given up after 4 attempts."),
        (4, 3, " Given up after 5 attempts."),
        (0, 0, " Given up after 1 attempt."),
    ],
)
def test_the_attempt_after_the_last_allowed_one_is_given_up(failures: int, retry_limit: int, words: str) -> None:
    assert after_failure(TRANSIENT, History(failures=failures), retry_limit=retry_limit) == GiveUp(words)


def test_a_counted_failure_uses_up_an_attempt_and_keeps_the_rest_of_the_history() -> None:
    history = History(failures=2, waits={FailureClass.KEY: 7}, more_memory=True)
    assert again(TRANSIENT, history).history == history.model_copy(update={"failures": 3})


@pytest.mark.parametrize(
    ("failure", "paces"),
    [
        (TRANSIENT, (20.0, 600.0)),
        (QUOTA, (30.0, 900.0)),
        (KEY, (10.0, 60.0)),
        (EVICTED, (1.0, 60.0)),
    ],
)
def test_pauses_double_up_to_the_longest_of_their_class(failure: Failure, paces: tuple[float, float]) -> None:
    base, longest = paces
    assert (pace(failure.failure_class).base, pace(failure.failure_class).longest) == paces
    if failure.counts:
        seconds = [again(failure, History(failures=number), jitter=1.0).seconds for number in range(3)]
    else:
        kind = failure.failure_class
        seconds = [again(failure, History(waits={kind: number}), jitter=1.0).seconds for number in range(3)]
        assert again(failure, History(waits={kind: 90}), jitter=1.0).seconds == longest
    assert seconds == [min(base * 2**number, longest) for number in range(3)]


def test_jitter_spreads_the_pauses_downwards() -> None:
    assert (
        again(TRANSIENT, jitter=0.0).seconds
        < again(TRANSIENT, jitter=0.5).seconds
        < again(TRANSIENT, jitter=1.0).seconds
    )
    assert again(TRANSIENT, jitter=1.0).seconds == 20.0
    assert again(TRANSIENT).seconds == again(TRANSIENT, jitter=0.0).seconds


@pytest.mark.parametrize("failure", [QUOTA, KEY, EVICTED])
def test_an_interruption_uses_up_no_attempt_whatever_the_limit(failure: Failure) -> None:
    kind = failure.failure_class
    history = History(failures=9, waits={kind: 7}, more_memory=True)
    assert again(failure, history).history == History(failures=9, waits={kind: 8}, more_memory=True)


@pytest.mark.parametrize(
    ("failure", "most"), [(QUOTA, 300), (KEY, 10_000), (EVICTED, 100)], ids=["quota", "key", "infrastructure"]
)
def test_interruptions_are_bounded(failure: Failure, most: int) -> None:
    kind = failure.failure_class
    assert MOST_WAITS[kind] == most
    assert again(failure, History(waits={kind: most - 1})).history.waits == {kind: most}
    words = f" Given up after {most} interruptions."
    assert after_failure(failure, History(waits={kind: most}), retry_limit=3) == GiveUp(words)


@pytest.mark.parametrize("reason", [Reason.SIDECAR_FAILED, Reason.WRONG_ARCHITECTURE])
def test_a_cluster_that_starts_no_worker_is_waited_for_without_end(reason: Reason) -> None:
    history = History(failures=3, waits={FailureClass.INFRASTRUCTURE: 100})
    assert after_failure(TABLE[reason], history, retry_limit=0, jitter=0.5) == Again(60.0, history)


@pytest.mark.parametrize("failure", [QUOTA, KEY, EVICTED])
def test_interruptions_of_one_class_leave_the_bounds_of_the_others_alone(failure: Failure) -> None:
    others = {kind: MOST_COUNTED for kind in MOST_WAITS if kind is not failure.failure_class}
    later = again(failure, History(waits=others))
    assert later.history.waits == others | {failure.failure_class: 1}
    assert later.seconds == again(failure).seconds, "nor do they make its pauses longer"


@pytest.mark.parametrize("failures", [0, 3, 9])
def test_what_all_videos_share_uses_up_no_attempt_and_is_bounded_by_its_own_count(failures: int) -> None:
    kind = TRANSIENT.failure_class
    history = History(failures=failures, waits={kind: 2})
    assert again(TRANSIENT, history, shared=True).history == History(failures=failures, waits={kind: 3})
    longest = History(waits={kind: MOST_WAITS[kind]})
    given_up = after_failure(TRANSIENT, longest, retry_limit=3, shared=True)
    assert given_up == GiveUp(f" Given up after {MOST_WAITS[kind]} interruptions.")
    assert isinstance(after_failure(TRANSIENT, longest, retry_limit=3), Again), "an attempt is counted for itself"


@pytest.mark.parametrize(
    "raw", [7, None, "x", [1], {"quota": -1}, {"quota": True}, {"quota": 10**7}, {"new": 1}, {3: 1}]
)
def test_waits_that_another_version_wrote_count_as_none(raw: object) -> None:
    assert History.model_validate({"waits": raw, "failures": 2}) == History(failures=2)


def test_waits_of_known_classes_are_read_beside_unknown_ones() -> None:
    read = History.model_validate({"waits": {"quota": 3, "new": 4, "key": "x"}})
    assert (read.waits, read.interruptions) == ({FailureClass.QUOTA: 3}, 3)


def test_running_out_of_memory_once_gives_more_and_uses_up_no_attempt() -> None:
    assert again(MEMORY, History(failures=3, waits={FailureClass.KEY: 2})) == Again(
        pace(MEMORY.failure_class).base, History(failures=3, waits={FailureClass.KEY: 2}, more_memory=True)
    )


def test_running_out_of_memory_twice_is_given_up() -> None:
    words = " It had been given twice the memory after the first time."
    assert after_failure(MEMORY, History(more_memory=True), retry_limit=3) == GiveUp(words)


@pytest.mark.parametrize(
    ("asked", "jitter", "seconds"),
    [
        (120.0, 0.0, 120.0),
        (120.0, 1.0, 150.0),
        (10.0, 1.0, 20.0),
        (1.0, 0.0, 1.0),
        (0.0, 0.0, 1.0),
        (-5.0, 1.0, 2.0),
        (7200.0, 0.0, 3600.0),
        (7200.0, 1.0, 3630.0),
    ],
)
def test_a_quota_is_waited_for_as_long_as_it_asks_at_most_an_hour(asked: float, jitter: float, seconds: float) -> None:
    assert again(QUOTA, asked_seconds=asked, jitter=jitter).seconds == seconds


@pytest.mark.parametrize(("asked", "seconds"), [(120.0, 150.0), (1.0, 10.0)])
def test_any_other_interruption_is_paused_at_least_as_long_as_its_class_says(asked: float, seconds: float) -> None:
    assert again(KEY, asked_seconds=asked, jitter=1.0).seconds == seconds


def test_a_quota_that_asks_for_nothing_is_paused_as_its_class_says() -> None:
    assert again(QUOTA, jitter=1.0).seconds == pace(FailureClass.QUOTA).base
