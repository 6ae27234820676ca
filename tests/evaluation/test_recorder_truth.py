"""What the recorder notes: its times, its order, and where it ends up in a joined recording."""

from array import array

import pytest

from evaluation.recorder.catalogue import RECORDED
from evaluation.recorder.programs import ProgramMissingError, require
from evaluation.recorder.recorded_task import faults_of
from evaluation.recorder.truth import Truth, joined
from evaluation.recorder.voice import RATE, seconds_of, spoken, track
from runops_evaluation.gold.events import Events


class Clock:
    def __init__(self) -> None:
        self.second = 0.0

    def __call__(self) -> float:
        return self.second


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def truth(clock: Clock) -> Truth:
    return Truth(clock)


def test_an_event_has_the_second_and_the_step_at_which_it_was_noted(clock: Clock, truth: Truth) -> None:
    clock.second = 4.128
    truth.step = "open"
    truth.event("CLICK", "Shop", "Orders")
    (event,) = truth.events().events
    assert (event.at, event.step, event.target) == (4.13, "open", "Orders")


def test_what_takes_a_while_is_where_it_began(clock: Clock, truth: Truth) -> None:
    clock.second = 1.0
    truth.event("MOUSE_MOVE_TO_REGION", "Shop", "A")
    clock.second = 3.0
    truth.event("TYPE", "Shop", "Name", at=0.5, until=truth.now(), value="Ada")
    assert [event.kind for event in truth.events().events] == ["TYPE", "MOUSE_MOVE_TO_REGION"]


def test_a_text_is_noted_when_it_is_read_first(clock: Clock, truth: Truth) -> None:
    for second in (1.0, 2.0):
        clock.second = second
        truth.reads("12.00 EUR")
        truth.background(["Orders", "Orders"])
    found = truth.events()
    assert [(one.at, one.text) for one in found.screen] == [(1.0, "12.00 EUR")]
    assert found.background == ("Orders",)


def test_joined_truth_is_as_much_later_as_the_recordings_before_it_last(clock: Clock, truth: Truth) -> None:
    clock.second = 2.0
    truth.event("TYPE", "Shop", "Name", until=2.5, value="Ada")
    truth.event("CLICK", "Shop", "Save")
    truth.speech("I save.", start=1.0, seconds=0.75)
    truth.reads("Saved")
    one = truth.events()
    both = joined([(0.0, one), (60.25, one)])
    assert [(event.at, event.until) for event in both.events] == [
        (2.0, 2.5),
        (2.0, None),
        (62.25, 62.75),
        (62.25, None),
    ]
    assert [(speech.start, speech.end) for speech in both.speech] == [(1.0, 1.75), (61.25, 62.0)]
    assert [text.at for text in both.screen] == [2.0, 62.25]


def test_a_script_that_does_not_fit_its_procedure_is_found(truth: Truth) -> None:
    task = next(one for one in RECORDED if one.name == "board-drag")
    truth.step = "elsewhere"
    truth.event("CLICK", "Board", "Add card")
    truth.step = "doing"
    truth.event("DRAG_START", "Board", "Repair lift 3")
    assert list(faults_of(task, truth.events())) == [
        "the script performs 'elsewhere', which is not in the procedure",
        *(f"the script neither does nor says '{name}'" for name in ("finished", "add", "write", "enter")),
    ]


def test_no_fault_where_all_is_done_or_said(truth: Truth) -> None:
    task = next(one for one in RECORDED if one.name == "board-drag")
    for name in ("doing", "finished", "add", "write"):
        truth.step = name
        truth.event("CLICK", "Board", name)
    truth.step = "enter"
    truth.speech("I press enter.", start=1.0, seconds=1.0)
    assert list(faults_of(task, truth.events())) == []


def test_speech_is_laid_where_it_was_said() -> None:
    loud = array("h", [9000] * (RATE // 2)).tobytes()
    whole = array("h", track([(1.0, loud), (2.75, loud)], seconds=3.0))
    assert len(whole) == 3 * RATE
    assert not any(whole[: RATE - 1])
    assert all(whole[RATE : RATE + RATE // 2])
    assert not any(whole[RATE + RATE // 2 : round(2.75 * RATE) - 1])
    # What goes on after the end of the picture is cut off.
    assert all(whole[round(2.75 * RATE) :])


@pytest.mark.parametrize("voice", sorted({task.voice for task in RECORDED}))
def test_each_voice_speaks(voice: str) -> None:
    samples = spoken("Montag", voice=voice, words_per_minute=150)
    assert 0.2 < seconds_of(samples) < 3
    assert max(array("h", samples)) > 1000


def test_a_missing_program_is_named_with_the_command_that_installs_it() -> None:
    with pytest.raises(
        ProgramMissingError, match=r"Missing: no-such-package\. Install with: apt-get install no-such-p"
    ):
        require(["no-such-program"], {"no-such-program": "no-such-package"})
    require(["python3"], {"python3": "python3"})


def test_truth_has_the_form_of_the_gold_files(truth: Truth) -> None:
    assert Events.model_validate(truth.events().model_dump()) == truth.events()
