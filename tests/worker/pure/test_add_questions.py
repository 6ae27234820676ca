"""Questions about the recording in the SOP."""

from typing import Any

from runops.sop import Clarification, Sop
from runops_worker.sop.add_questions import add_questions

SOP: dict[str, Any] = {
    "meta": {
        "id": "4f0d8f5e-2f7e-4d0c-9b65-0d5a4b1c7a10",
        "title": "T",
        "version": "1.0.0",
        "goal": "g",
        "purpose": "p",
        "owner": [],
    },
    "public": {
        "triggers": [],
        "nodes": [{"id": "a", "type": "task", "label": "A"}, {"id": "b", "type": "end", "label": "B"}],
        "edges": [{"source": "a", "target": "b", "condition": "next"}],
    },
}


def sop(*questions: tuple[str, str]) -> Sop:
    requests = [{"id": name, "question": text, "importance": "low"} for name, text in questions]
    return Sop.model_validate(SOP | {"public": SOP["public"] | {"clarification_requests": requests}})


def asked(result: Sop) -> list[tuple[str, str, str]]:
    requests: list[Clarification] = result.public.clarification_requests or []
    return [(request.id, request.question, request.importance) for request in requests]


def test_questions_come_first_with_ids_that_are_not_taken() -> None:
    assert asked(add_questions(sop(("recording-1", "Own?")), ["A?", "B?"])) == [
        ("recording-2", "A?", "high"),
        ("recording-3", "B?", "high"),
        ("recording-1", "Own?", "low"),
    ]


def test_a_question_is_asked_once() -> None:
    assert asked(add_questions(sop(("own", "A?")), ["A?", "B?", "B?"])) == [
        ("recording-1", "B?", "high"),
        ("own", "A?", "low"),
    ]


def test_a_sop_about_which_there_is_nothing_to_ask_is_unchanged() -> None:
    whole = Sop.model_validate(SOP)
    assert add_questions(whole, []) is whole
