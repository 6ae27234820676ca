from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.progress import Stage
from runops.time_left import ENOUGH, FinishedVideo, Pace, UnfinishedVideo, expected_end
from runops.time_left.finished import Phase
from tests.unit.time_left.videos import MODEL, NOW, finished, history, seconds_of

MOMENTS = st.none() | st.floats(0, 4000).map(lambda ago: NOW - timedelta(seconds=ago))
FINISHED = st.builds(
    FinishedVideo,
    ended=st.floats(0, 1e6).map(lambda ago: NOW - timedelta(seconds=ago)),
    recording_seconds=st.floats(0, 20_000),
    seconds=st.dictionaries(st.sampled_from(Phase), st.floats(0, 50_000)) | st.just(dict.fromkeys(Phase, 3.0)),
    model=st.sampled_from([MODEL, "other", None]),
    recording_bytes=st.none() | st.integers(0, 10**10),
)
UNFINISHED = st.builds(
    UnfinishedVideo,
    model=st.sampled_from([MODEL, "other", None]),
    recording_seconds=st.none() | st.floats(0, 20_000),
    recording_bytes=st.none() | st.integers(0, 10**10),
    claimed=MOMENTS,
    started=MOMENTS,
    stage=st.none() | st.sampled_from(Stage),
    stage_began=MOMENTS,
    share=st.none() | st.floats(-1, 2),
    only_sop=st.booleans(),
)


@given(st.lists(FINISHED, max_size=12) | st.just(history(12)), UNFINISHED)
def test_a_range_is_in_order_and_never_past(videos: list[FinishedVideo], video: UnfinishedVideo) -> None:
    expected = expected_end(Pace.learned(videos), video, NOW)
    assert expected is None or NOW <= expected.earliest <= expected.likely <= expected.latest


def test_nothing_is_said_before_enough_videos_have_finished() -> None:
    video = UnfinishedVideo(model=MODEL, claimed=NOW)
    assert expected_end(Pace.learned(history(ENOUGH - 1)), video, NOW) is None
    assert expected_end(Pace.learned(history(ENOUGH)), video, NOW) is not None


def test_videos_of_which_too_little_is_known_do_not_count() -> None:
    parts = dict.fromkeys([Phase.TRANSCRIBING, Phase.PARSING_SOP], 9.0)
    known_in_part = [FinishedVideo(NOW, 300, parts, MODEL)] * 20
    assert Pace.learned(known_in_part).of(MODEL) is None


@pytest.mark.parametrize("minutes", [1, 5, 12, 60])
def test_a_longer_recording_takes_longer_in_the_measure_of_finished_ones(minutes: float) -> None:
    video = UnfinishedVideo(model=MODEL, recording_seconds=60 * minutes, started=NOW, stage=Stage.PREPARING_VIDEO)
    expected = expected_end(Pace.learned(history()), video, NOW)
    assert expected is not None
    seconds = (expected.likely - NOW).total_seconds()
    assert seconds == pytest.approx(seconds_of(minutes), rel=0.15)
    assert expected.earliest < NOW + timedelta(seconds=seconds_of(minutes)) < expected.latest


def test_the_size_stands_for_the_length_while_that_is_not_known() -> None:
    pace = Pace.learned(history(minutes=(2, 10)))
    by_size = UnfinishedVideo(model=MODEL, recording_bytes=200_000_000, started=NOW)
    expected = expected_end(pace, by_size, NOW)
    assert expected is not None
    assert (expected.likely - NOW).total_seconds() == pytest.approx(seconds_of(10), rel=0.15)


@pytest.mark.parametrize(
    ("video", "left"),
    [
        (UnfinishedVideo(model=MODEL, recording_seconds=300, claimed=NOW, only_sop=True), 40),
        (UnfinishedVideo(model=MODEL, recording_seconds=300, started=NOW, only_sop=True), 35),
        (UnfinishedVideo(model=MODEL, recording_seconds=300, stage=Stage.PARSING_SOP, share=0.5, only_sop=True), 18),
        (
            UnfinishedVideo(
                model=MODEL,
                recording_seconds=300,
                started=NOW - timedelta(seconds=10),
                stage=Stage.PARSING_SOP,
                only_sop=True,
            ),
            25,
        ),
    ],
    ids=["waits for its worker", "works", "shows its progress", "shows its stage"],
)
def test_where_only_the_sop_is_made_again_the_stages_before_it_take_no_time(
    video: UnfinishedVideo, left: float
) -> None:
    expected = expected_end(Pace.learned([finished(5, ago=number) for number in range(20)]), video, NOW)
    assert expected is not None
    assert (expected.likely - NOW).total_seconds() == pytest.approx(left, abs=0.5)


def test_what_is_done_is_not_left() -> None:
    pace = Pace.learned(history(minutes=(5,)))
    left = []
    for stage in (Stage.PREPARING_VIDEO, Stage.TRANSCRIBING, Stage.PARSING_SOP, Stage.FINALIZING):
        video = UnfinishedVideo(model=MODEL, recording_seconds=300, stage=stage, stage_began=NOW)
        expected = expected_end(pace, video, NOW)
        assert expected is not None
        left.append((expected.likely - NOW).total_seconds())
    assert left == sorted(left, reverse=True)
    assert left[-1] < 3


def test_a_video_that_takes_longer_than_any_before_it_has_no_range() -> None:
    pace = Pace.learned(history(minutes=(5,)))
    video = UnfinishedVideo(
        model=MODEL, recording_seconds=300, stage=Stage.TRANSCRIBING, stage_began=NOW - timedelta(hours=1)
    )
    assert expected_end(pace, video, NOW) is None


def test_another_model_has_a_pace_of_its_own_and_none_before_enough_of_its_videos_finished() -> None:
    slow = [finished(5, ago=number, slower=3, model="slow") for number in range(ENOUGH)]
    pace = Pace.learned([*history(minutes=(5,)), *slow])
    likely = {}
    for model in (MODEL, "slow"):
        expected = expected_end(pace, UnfinishedVideo(model=model, recording_seconds=300, started=NOW), NOW)
        assert expected is not None
        likely[model] = (expected.likely - NOW).total_seconds()
    assert likely["slow"] > 2 * likely[MODEL]
    assert expected_end(pace, UnfinishedVideo(model="new", recording_seconds=300, started=NOW), NOW) is None


def test_newer_videos_weigh_more() -> None:
    slowed_down = [finished(5, ago=60 * number, slower=3 if number < 30 else 1) for number in range(100)]
    expected = expected_end(
        Pace.learned(slowed_down), UnfinishedVideo(model=MODEL, recording_seconds=300, started=NOW), NOW
    )
    assert expected is not None
    assert (expected.likely - NOW).total_seconds() == pytest.approx(seconds_of(5, slower=3), rel=0.1)


def test_one_video_that_took_a_hundred_times_as_long_moves_nothing() -> None:
    video = UnfinishedVideo(model=MODEL, recording_seconds=300, started=NOW)
    usual = expected_end(Pace.learned(history(minutes=(5,))), video, NOW)
    with_one = expected_end(Pace.learned([*history(minutes=(5,)), finished(5, ago=90, slower=100)]), video, NOW)
    assert usual is not None
    assert with_one is not None
    assert abs(with_one.likely - usual.likely) < timedelta(seconds=10)


def test_a_start_that_takes_long_is_learned() -> None:
    pace = Pace.learned([finished(5, ago=number, starting=90) for number in range(20)])
    expected = expected_end(pace, UnfinishedVideo(model=MODEL, claimed=NOW - timedelta(seconds=30)), NOW)
    assert expected is not None
    assert (expected.likely - NOW).total_seconds() == pytest.approx(60 + seconds_of(5), rel=0.05)
