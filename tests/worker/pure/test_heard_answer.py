"""An answer as it is read, without its secrets."""

import json

from runops_worker.checkpoint.format import UnsettledItem
from runops_worker.model.protocol import Answer, AnswerEnd
from runops_worker.transcription.heard_answer import Heard, heard, without_secrets
from runops_worker.transcription.known_secrets import KnownSecrets
from tests.worker.pure.answers import AUDIO, VISUAL
from tests.worker.pure.items import typed as typed_item


def test_an_answer_without_text_is_empty_unless_it_ended_otherwise() -> None:
    assert heard(Answer(" "), length=10).end is AnswerEnd.EMPTY
    assert heard(Answer("", AnswerEnd.REFUSED, "SAFETY"), length=10) == Heard(end=AnswerEnd.REFUSED, detail="SAFETY")


def test_secrets_are_hidden_in_items_that_could_not_be_read_too() -> None:
    key = "AKIA" + "Z7Q2" * 4
    raw = {"screen": [f"the key {key} is shown"], "data_input_observed": {"typed_characters": "hunter-2024"}}
    unsettled = UnsettledItem(raw=raw, faults=("it has no time.",))
    hidden = without_secrets(Heard(items=(typed_item(1, key),), unsettled=(unsettled,)), KnownSecrets(), start=0.0)
    assert key not in hidden.items[0].model_dump_json()
    kept = hidden.unsettled[0].model_dump_json()
    assert "is shown" in kept
    assert key not in kept
    assert "hunter" not in kept
    assert hidden.unsettled[0].faults == unsettled.faults


def test_all_that_was_read_of_an_answer_is_heard() -> None:
    wrong = {**VISUAL, "action_type_observed": "DANCE"}
    text = json.dumps([AUDIO, {**VISUAL, "note": "x"}, wrong, 7])
    found = heard(Answer(text, AnswerEnd.CUT_OFF, "because", model="m"), length=60)
    assert (found.end, found.detail, found.model) == (AnswerEnd.CUT_OFF, "because", "m")
    assert (len(found.items), found.is_whole, found.unusable, found.dropped) == (2, True, None, 1)
    assert found.settled == {"unknown_field": 1}
    ((raw, faults),) = [(one.raw, one.faults) for one in found.unsettled]
    assert (raw, faults) == (wrong, ("action_type_observed: 'DANCE' is not an action type.",))
    assert not heard(Answer(text[:-1]), length=60).is_whole
    assert heard(Answer("no JSON"), length=60).unusable is not None
    empty = heard(Answer(" ", AnswerEnd.REFUSED, "SAFETY", model="m"), length=60)
    assert (empty.end, empty.detail, empty.model) == (AnswerEnd.REFUSED, "SAFETY", "m")


def test_what_was_typed_is_known_with_its_time_in_the_recording() -> None:
    known = KnownSecrets()
    for at, start, word in ((59, 0.0, "hunter"), (1, 60.0, "-2024")):
        typed = {
            **VISUAL,
            "timestamp_start_visual": f"00:00:{at:02d}",
            "action_type_observed": "TYPE",
            "target_element_details": {"element_type_guess": "password field", "element_visible_text": None},
            "data_input_observed": {"typed_characters": word},
        }
        without_secrets(heard(Answer(json.dumps([typed])), length=60), known, start=start)
    assert known.pattern is not None
    assert known.pattern.findall("hunter-2024 -2024hunter") == ["hunter-2024"]
