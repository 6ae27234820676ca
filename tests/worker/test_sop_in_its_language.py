"""What the worker itself writes into a SOP is in the language of the SOP, on a whole run of the stage."""

import json
from dataclasses import replace
from typing import Any

import pytest

from runops.quality import Gap
from runops.transcript import TranscriptItem, dump_transcript
from runops.transcript_gaps import gap_item
from runops_worker.model.protocol import Answer
from runops_worker.sop.wording.sentences import LANGUAGES
from runops_worker.stages.parse_sop import parse_sop
from runops_worker.transcription.stored_transcript import Transcript
from tests.worker.fakes import SLIM, TASK, FakeSupabase, TextModel, a_checkpoint, a_context, a_progress
from tests.worker.pure.items import clicked, said

GERMAN = (
    ("pruefen", "decision", "Stimmt der Betrag auf der Rechnung mit dem Auftrag überein?"),
    ("liste", "loop", "Die Liste der offenen Rechnungen durchgehen"),
    ("buchen", "task", "Die Rechnung mit dem Konto 4711 im Programm buchen"),
    ("senden", "task", "Die Buchung nicht ohne eine Antwort an Annika senden"),
    ("abmelden", "task", "Sich zum Schluss aus dem Programm abmelden"),
)
SWEDISH = (
    ("pruefen", "decision", "Stämmer beloppet på fakturan med det som står i ordern?"),
    ("liste", "loop", "Gå igenom listan över de fakturor som är öppna"),
    ("buchen", "task", "Bokför fakturan på konto 4711 i programmet"),
    ("senden", "task", "Skicka bokföringen till Annika och vänta på svar"),
    ("abmelden", "task", "Logga ut från servern när allt är klart"),
)


def answer(nodes: tuple[tuple[str, str, str], ...]) -> Answer:
    """Return a SOP with faults: no end, a decision with one answer, a loop without an exit condition."""
    edges = ("liste buchen next", "buchen liste next", "liste pruefen all_processed", "pruefen senden yes")
    words = ("source", "target", "condition")
    sop = {
        "meta": {"title": nodes[1][2], "version": "1.0.0", "goal": "", "purpose": "", "owner": []},
        "public": {
            "triggers": [],
            "nodes": [
                {"id": name, "type": kind, "label": label, **({"children": ["buchen"]} if kind == "loop" else {})}
                for name, kind, label in nodes
            ],
            "edges": [dict(zip(words, edge.split(), strict=True)) for edge in edges],
        },
    }
    return Answer(json.dumps(sop))


def transcript() -> Transcript:
    items: list[TranscriptItem] = [
        said(1, "Ich gehe die Liste der offenen Rechnungen durch und buche jede Rechnung im Programm auf das Konto."),
        clicked(20, "Buchung senden"),
        said(30, "Dann prüfe ich den Betrag auf der Rechnung mit dem Auftrag und sende die Antwort an Annika."),
        gap_item(Gap(start=60, end=90, reason="refused")),
    ]
    return Transcript.of(dump_transcript(items))


async def parsed(given: Answer, *, language: str | None) -> dict[str, Any]:
    fake = FakeSupabase()
    context = a_context(fake, model=TextModel([given, given]), task=replace(TASK, sop_language=language))
    sop = await parse_sop(context, a_checkpoint(fake), a_progress(), slim=SLIM, transcript=transcript())
    public: dict[str, Any] = sop.value["public"]
    return public


def written(public: dict[str, Any]) -> str:
    """Return all texts of a SOP but those that the model gave."""
    return json.dumps(public, ensure_ascii=False)


EXPECTED = {
    "German": (
        "Was geschieht in der Aufnahme von 00:01:00 bis 00:01:30? Dieser Teil wurde nicht transkribiert: das Modell",
        '" nannte eine Zahl. In der Aufnahme ist das weder zu sehen noch zu hören: Was ist richtig?',
        "wenn die Antwort nein lautet",
        "Der Ablauf ist abgeschlossen",
        "nichts ist mehr übrig",
        "\u203a endet. Wann ist das?",
        "Jemand startet den Ablauf.",
        "in der Aufnahme weder zu sehen noch zu hören",
    ),
    "English": (
        "What happens in the recording from 00:01:00 to 00:01:30? It was not transcribed: the model refused it.",
        "named a number. The recording neither shows nor says it",
        "when the answer is no",
        "The procedure is finished",
        "none is left",
        "Somebody starts it.",
    ),
}


@pytest.mark.parametrize(
    ("nodes", "language", "expected"),
    [
        (GERMAN, None, "German"),
        (GERMAN, "German", "German"),
        # The model was asked for it, and what it wrote does not matter.
        (SWEDISH, "de-CH", "German"),
        (SWEDISH, None, "English"),
        (SWEDISH, "Swedish", "English"),
        (GERMAN, "English", "English"),
    ],
)
async def test_questions_labels_and_notes_are_in_the_language_of_the_sop(
    nodes: tuple[tuple[str, str, str], ...], language: str | None, expected: str
) -> None:
    text = written(await parsed(answer(nodes), language=language))
    assert [part for part in EXPECTED[expected] if json.dumps(part, ensure_ascii=False)[1:-1] not in text] == []
    other = "English" if expected == "German" else "German"
    assert [part for part in EXPECTED[other] if json.dumps(part, ensure_ascii=False)[1:-1] in text] == []


async def test_a_doubtful_step_is_asked_about_in_german() -> None:
    questions = [
        request["question"] for request in (await parsed(answer(GERMAN), language=None))["clarification_requests"]
    ]
    assert any(question.startswith('Gehört der Schritt "Sich zum Schluss aus dem Programm') for question in questions)


@pytest.mark.parametrize("name", LANGUAGES)
async def test_each_language_can_be_asked_for(name: str) -> None:
    text = written(await parsed(answer(GERMAN), language=name))
    sentences = LANGUAGES[name].templates
    assert sentences["end"] in text
    assert sentences["somebody_starts_it"] in text
