"""An answer as it is read, without its secrets."""

from runops_worker.checkpoint.format import UnsettledItem
from runops_worker.model.protocol import Answer, AnswerEnd
from runops_worker.transcription.heard_answer import Heard, heard, without_secrets
from runops_worker.transcription.known_secrets import KnownSecrets
from tests.worker.pure.items import typed


def test_an_answer_without_text_is_empty_unless_it_ended_otherwise() -> None:
    assert heard(Answer(" "), length=10).end is AnswerEnd.EMPTY
    assert heard(Answer("", AnswerEnd.REFUSED, "SAFETY"), length=10) == Heard(end=AnswerEnd.REFUSED, detail="SAFETY")


def test_secrets_are_hidden_in_items_that_could_not_be_read_too() -> None:
    key = "AKIA" + "Z7Q2" * 4
    raw = {"screen": [f"the key {key} is shown"], "data_input_observed": {"typed_characters": "hunter-2024"}}
    unsettled = UnsettledItem(raw=raw, faults=("it has no time.",))
    hidden = without_secrets(Heard(items=(typed(1, key),), unsettled=(unsettled,)), KnownSecrets(), start=0.0)
    assert key not in hidden.items[0].model_dump_json()
    kept = hidden.unsettled[0].model_dump_json()
    assert "is shown" in kept
    assert key not in kept
    assert "hunter" not in kept
    assert hidden.unsettled[0].faults == unsettled.faults
