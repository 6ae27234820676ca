"""What rows keep of a run, and what is learned from it."""

from datetime import UTC, datetime

import pytest

from runops.progress import Stage
from runops.report import StageTime
from runops.time_left.finished import Phase
from runops.time_left.took import Recording, Took, finished_video

ENDED = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
STAGES = {"preparing_video": 12.25, "transcribing": 60.0, "parsing_sop": 31.06, "finalizing": 2.0}


def took() -> Took:
    stages = [
        StageTime(stage=Stage(name), start_time=ENDED.isoformat(), seconds=seconds) for name, seconds in STAGES.items()
    ]
    return Took.of(300.04, stages, models="one two")


def test_a_row_keeps_tenths_of_seconds_as_json() -> None:
    stages = {"preparing_video": 12.2, "transcribing": 60.0, "parsing_sop": 31.1, "finalizing": 2.0}
    assert took().dump() == {"recording": 300.0, "stages": stages, "models": "one two"}
    assert {type(name) for name in took().dump()["stages"]} == {str}
    assert Took(recording=1, stages={}).dump() == {"recording": 1.0, "stages": {}}


def test_a_stage_that_an_earlier_attempt_began_does_not_count() -> None:
    resumed = StageTime(stage=Stage("transcribing"), start_time=ENDED.isoformat(), seconds=5, resumed=True)
    assert Took.of(10, [resumed], models="m").stages == {}


def test_what_a_row_keeps_is_learned_from() -> None:
    learned = finished_video(took().dump(), ended=ENDED)
    assert learned is not None
    assert (learned.ended, learned.recording_seconds, learned.model) == (ENDED, 300.0, "one two")
    assert learned.seconds[Phase.TRANSCRIBING] == 60.0


@pytest.mark.parametrize(
    "written",
    [
        None,
        "long",
        {},
        {"recording": -1, "stages": {}},
        {"recording": 300, "stages": {"dreaming": 3}},
        # Not all stages: an attempt before had begun one.
        {"recording": 300, "stages": {"transcribing": 60}},
    ],
)
def test_what_an_app_wrote_teaches_nothing(written: object) -> None:
    assert finished_video(written, ended=ENDED) is None


def test_a_recording_is_read_back_and_says_only_what_is_known() -> None:
    known = Recording(seconds=12.5, models="m")
    assert Recording.read(known.dump()) == known
    assert Recording.read({"seconds": "never"}) == Recording.read(None) == Recording()
    assert Recording().dump() == {}
    assert Recording(seconds=3).dump() == {"seconds": 3.0}
