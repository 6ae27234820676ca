"""How often progress is written."""

from runops.progress import Stage
from runops_worker.reporting.throttle import Throttle


def test_a_write_is_due_at_a_new_stage_after_ten_seconds_of_movement_or_thirty_of_none() -> None:
    throttle = Throttle()
    assert throttle.due(Stage.TRANSCRIBING, 50, now=0)
    throttle.wrote(Stage.TRANSCRIBING, 50, now=0)
    assert not throttle.due(Stage.TRANSCRIBING, 55, now=9.9)
    assert throttle.due(Stage.TRANSCRIBING, 55, now=10)
    assert not throttle.due(Stage.TRANSCRIBING, 50, now=29)
    assert throttle.due(Stage.TRANSCRIBING, 50, now=30)
    assert throttle.due(Stage.PARSING_SOP, 70, now=0.1)
