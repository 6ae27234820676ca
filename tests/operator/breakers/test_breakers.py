"""What all breakers together make of what VideoJobs show."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from runops.breakers.shared_faults import ALONE, SharedFaults, first_stage_past, rule_of
from runops.failures import TABLE, FailureClass, Reason
from runops.progress import Stage
from runops.videojob import Condition, ModelChoice, VideoJobStatus
from runops_operator.breakers.breakers import Breakers
from runops_operator.manifests.observed import VideoJobView
from tests.operator.planning.observations import EARLIER, NOW, condition, spec, videojob
from tests.operator.world import CONFIG

LONG_AGO = datetime.fromisoformat(EARLIER)


class Bench:
    """Breakers with a clock that the test moves."""

    def __init__(self) -> None:
        self.now: datetime = NOW
        self.breakers = Breakers(CONFIG, lambda: self.now)

    def fail(self, *videos: str, reason: Reason = Reason.MODEL_UNAVAILABLE, stage: Stage | None = None) -> None:
        for video in videos:
            self.breakers.failed(video, reason, met_in=stage, words="HTTP 503.")

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def view(name: str, *conditions: Condition, tokens: int = 0, stage: str | None = None, **given: Any) -> VideoJobView:
    status = {"stage": stage, "usage": {"totalTokens": tokens}} | given.pop("status", {})
    return videojob(*conditions, name=name, status=status, **given)


def test_every_reason_that_a_setting_or_a_service_explains_has_a_rule_and_no_recording_has_one() -> None:
    with_rule = {reason for reason in Reason if rule_of(reason) is not None}
    assert {reason for reason, row in TABLE.items() if row.failure_class is FailureClass.KEY} < with_rule
    assert with_rule.isdisjoint({Reason.NOT_A_VIDEO, Reason.BLOCKED, Reason.INVALID_USER, Reason.OUT_OF_MEMORY})
    assert with_rule > ALONE


@pytest.mark.parametrize(
    ("reason", "met_in", "past"),
    [
        (Reason.STORAGE_UNAVAILABLE, None, Stage.TRANSCRIBING),
        (Reason.STORAGE_UNAVAILABLE, Stage.PREPARING_VIDEO, Stage.TRANSCRIBING),
        (Reason.STORAGE_UNAVAILABLE, Stage.FINALIZING, Stage.COMPLETED),
        (Reason.MODEL_KEY_REJECTED, None, Stage.PARSING_SOP),
        (Reason.MODEL_KEY_REJECTED, Stage.PREPARING_VIDEO, Stage.PARSING_SOP),
        (Reason.MODEL_KEY_REJECTED, Stage.PARSING_SOP, Stage.FINALIZING),
        (Reason.INTERNAL, Stage.COMPLETED, Stage.COMPLETED),
    ],
)
def test_the_stage_that_shows_that_a_fault_is_over(reason: Reason, met_in: Stage | None, past: Stage) -> None:
    rule = rule_of(reason)
    assert rule is not None
    assert first_stage_past(rule, met_in) is past


def test_a_setting_stops_at_the_first_video_a_service_at_the_second_and_a_program_at_the_third(bench: Bench) -> None:
    for reason, count in ((Reason.MODEL_NOT_FOUND, 1), (Reason.STORAGE_REFUSED, 2), (Reason.WORKER_CRASHED, 3)):
        one = Bench()
        for number in range(count):
            assert one.breakers.pause() is None
            one.fail(f"vj-{number}", reason=reason)
        pause = one.breakers.pause()
        assert pause is not None
        assert (pause.reason, pause.words, pause.may_try, pause.since) == (reason, "HTTP 503.", False, one.now)
    bench.fail(*"abcdef", reason=Reason.NOT_A_VIDEO)
    assert bench.breakers.pause() is None


def test_while_it_is_open_the_others_are_held_with_the_words_of_the_last(bench: Bench) -> None:
    assert bench.breakers.hold("c") is None
    bench.fail("a", "b")
    hold = bench.breakers.hold("c")
    assert hold is not None
    assert (hold.reason, hold.words, hold.seconds) == (Reason.MODEL_UNAVAILABLE, "HTTP 503.", 20.0)
    assert not bench.breakers.begin("c")
    bench.wait(20)
    assert bench.breakers.begin("c")
    assert not bench.breakers.begin("a"), "one video tries"
    assert bench.breakers.begin("c")


def test_a_quota_holds_no_video_at_work(bench: Bench) -> None:
    bench.fail("a", reason=Reason.QUOTA_EXCEEDED)
    assert bench.breakers.hold("b") is None
    assert bench.breakers.pause() is not None


def test_the_claims_follow_the_setting_that_a_person_must_change_before_a_service(bench: Bench) -> None:
    bench.fail("a", "b")
    bench.fail("c", reason=Reason.PROMPT_MISSING)
    pause = bench.breakers.pause()
    assert pause is not None
    assert pause.reason is Reason.PROMPT_MISSING


def test_one_row_is_claimed_to_try_where_no_video_at_work_can(bench: Bench) -> None:
    bench.fail("a", "b")
    bench.wait(50)
    pause = bench.breakers.pause()
    assert pause is not None
    assert pause.may_try
    bench.breakers.claimed_to_try()
    assert bench.breakers.pause() == replace(pause, may_try=False)


@pytest.mark.parametrize(
    ("met_in", "before", "after", "passes"),
    [
        pytest.param(None, {"tokens": 5}, {"tokens": 6, "stage": "transcribing"}, True, id="a call was answered"),
        pytest.param(None, {"tokens": 6}, {"tokens": 6, "stage": "transcribing"}, False, id="none was"),
        pytest.param(None, {"stage": "transcribing"}, {"stage": "parsing_sop"}, True, id="a later stage"),
        pytest.param(None, {"stage": "parsing_sop"}, {"stage": "parsing_sop"}, False, id="it was there before"),
        pytest.param(None, {"stage": "preparing_video"}, {"stage": "transcribing"}, False, id="no call yet"),
        pytest.param(
            Stage.PARSING_SOP,
            {"tokens": 5, "stage": "transcribing"},
            {"tokens": 6, "stage": "transcribing"},
            False,
            id="an answer of an earlier stage",
        ),
        pytest.param(
            Stage.PARSING_SOP, {"tokens": 5}, {"tokens": 6, "stage": "finalizing"}, True, id="an answer of that stage"
        ),
        pytest.param(
            Stage.TRANSCRIBING,
            {"tokens": 5},
            {"tokens": 6, "stage": "transcribing"},
            True,
            id="an answer there",
        ),
        pytest.param(
            Stage.PARSING_SOP,
            {"stage": "transcribing"},
            {"stage": "parsing_sop"},
            False,
            id="that stage",
        ),
        pytest.param(None, {}, {"tokens": 6, "stage": None}, False, id="the status after a failed attempt"),
        pytest.param(None, {}, {"tokens": 6, "stage": "a_new_one"}, False, id="a stage of another version"),
    ],
)
def test_what_shows_that_the_model_answers_again(
    bench: Bench, met_in: Stage | None, before: dict[str, Any], after: dict[str, Any], passes: bool
) -> None:
    bench.fail("a", "b", stage=met_in)
    bench.breakers.see(view("c", **before), view("c", **after))
    assert (bench.breakers.pause() is None) is passes
    assert (bench.breakers.hold("d") is None) is passes


def test_storage_is_back_when_a_video_has_its_recording(bench: Bench) -> None:
    bench.fail("a", "b", reason=Reason.STORAGE_UNAVAILABLE, stage=Stage.PREPARING_VIDEO)
    bench.breakers.see(view("c", tokens=1, stage="preparing_video"), view("c", tokens=9, stage="preparing_video"))
    assert bench.breakers.pause() is not None
    bench.breakers.see(view("c", stage="preparing_video"), view("c", stage="transcribing"))
    assert bench.breakers.pause() is None


def test_a_video_knows_when_others_got_past_a_fault_and_not_itself(bench: Bench) -> None:
    assert bench.breakers.seen_by("a") == SharedFaults()
    for name in ("a", "b", "c"):
        bench.wait(10)
        bench.breakers.see(view(name), view(name, tokens=1, stage="transcribing"))
    for name in ("a", "b", "d"):
        assert bench.breakers.seen_by(name).passed[Reason.MODEL_UNAVAILABLE] == bench.now
    assert bench.breakers.seen_by("c").passed[Reason.MODEL_UNAVAILABLE] == bench.now - timedelta(seconds=10)
    bench.fail("e", "f")
    assert bench.breakers.seen_by("a").open == {Reason.MODEL_UNAVAILABLE}


@pytest.mark.parametrize(
    "gone",
    [
        pytest.param(view("a", condition("Finished"), status={"reason": "ClaimLost"}), id="cancelled"),
        pytest.param(view("a", spec=spec(suspend=True)), id="paused"),
    ],
)
def test_a_video_that_ends_otherwise_or_is_paused_says_nothing_any_more(bench: Bench, gone: VideoJobView) -> None:
    bench.fail("a", reason=Reason.MODEL_KEY_REJECTED)
    bench.breakers.see(view("a"), gone)
    assert bench.breakers.pause() is None


def test_a_service_that_asked_to_be_left_alone_is(bench: Bench) -> None:
    for video in ("a", "b"):
        bench.breakers.failed(video, Reason.MODEL_UNAVAILABLE, met_in=None, words="HTTP 503.", asked=700.0)
    hold = bench.breakers.hold("c")
    assert hold is not None
    assert hold.seconds == 700.0


def test_the_first_usage_that_is_shown_is_an_answer(bench: Bench) -> None:
    bench.fail("a", "b")
    before = replace(view("c"), status=VideoJobStatus(stage="transcribing"))
    bench.breakers.see(before, view("c", tokens=1, stage="transcribing"))
    assert bench.breakers.pause() is None


def test_what_had_ended_before_it_was_deleted_still_counts(bench: Bench) -> None:
    ended = [view(name, condition("Finished"), status={"reason": "WorkerCrashed"}) for name in "abc"]
    bench.fail(*"abc", reason=Reason.WORKER_CRASHED)
    for one in ended:
        bench.breakers.see_deleted(one)
    assert bench.breakers.pause() is not None


def test_a_video_that_ended_by_the_fault_goes_on_saying_so_also_when_it_is_deleted(bench: Bench) -> None:
    ended = view("a", condition("Finished"), status={"reason": "WorkerCrashed"})
    bench.fail("a", "b", "c", reason=Reason.WORKER_CRASHED)
    bench.breakers.see(view("a"), ended)
    bench.breakers.see_deleted(ended)
    assert bench.breakers.pause() is not None
    for name in ("a", "b", "c"):
        bench.breakers.see_deleted(view(name))
    assert bench.breakers.pause() is None, "they were deleted while they were tried"


OTHER = ModelChoice(transcribe="other", sop="other")


@pytest.mark.parametrize(
    ("reason", "given", "stops"),
    [
        pytest.param(Reason.KEY_REJECTED, {}, True, id="a key"),
        pytest.param(Reason.KEY_REJECTED, {"spec": spec(model=OTHER)}, True, id="a key, of a video of another model"),
        pytest.param(Reason.QUOTA_EXCEEDED, {}, True, id="a quota of our models"),
        pytest.param(Reason.QUOTA_EXCEEDED, {"spec": spec(model=OTHER)}, False, id="a quota of other models"),
        pytest.param(Reason.KEY_REJECTED, {"spec": spec(suspend=True)}, False, id="a video that is paused"),
        pytest.param(Reason.KEY_REJECTED, {"spec": None}, False, id="a malformed VideoJob"),
        pytest.param("ReasonOfANewerVersion", {}, False, id="an unknown reason"),
        pytest.param(Reason.NOT_A_VIDEO, {}, False, id="a reason of one video"),
    ],
)
def test_a_start_finds_what_blocks_videos(bench: Bench, reason: str, given: dict[str, Any], stops: bool) -> None:
    blocked = view("a", condition("Blocked", reason=reason), **given)
    bench.breakers.see(None, blocked)
    assert (bench.breakers.pause() is not None) is stops
    if stops:
        pause = bench.breakers.pause()
        assert pause is not None
        assert (pause.reason, pause.words, pause.may_try) == (Reason(reason), "Message.", False)
        assert (pause.since, pause.next_try) == (LONG_AGO, bench.now)
        assert bench.breakers.begin("b"), "one video may try at once"


@pytest.mark.parametrize(("config_map", "stops"), [("of-before", False), (CONFIG.prompts.config_map, True)])
def test_a_start_passes_over_prompts_of_before(bench: Bench, config_map: str | None, *, stops: bool) -> None:
    blocked = view("a", condition("Blocked", reason="PromptMissing"))
    bench.breakers.see(None, replace(blocked, prompts=config_map))
    assert (bench.breakers.pause() is not None) is stops


def test_a_start_does_not_count_what_has_ended(bench: Bench) -> None:
    bench.breakers.see(None, view("a", condition("Blocked", reason="KeyRejected"), condition("Finished")))
    assert bench.breakers.pause() is None
