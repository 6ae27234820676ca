"""`runops check --paid` against the stand-in, as it is and with each fault that a real model or gateway may have."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from typer.testing import Result

from devstack.faults import Fault, FaultControl
from devstack.gemini.behaviour import Behaviour, Outcome, Turn
from devstack.gemini.control import GeminiControl
from devstack.stack import StackInfo
from runops_cli.checks.paid_calls import price_sentence
from runops_worker.smoke_test.calls import Price

Runops = Callable[..., Result]
MODEL = "gemini-3.8-flash"
OTHER = "gemini-4-hydrogen"


def paid(runops: Runops, *options: str) -> Result:
    return runops("check", "--paid", "--yes", "--no-cluster", "-o", "json", *options)


def found(result: Result) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in json.loads(result.stdout) if one["name"].startswith("paid")}


def problems(result: Result) -> dict[str, str]:
    return {name: f"{one['detail']} -> {one['remedy']}" for name, one in found(result).items() if not one["ok"]}


def refusing(gemini_faults: FaultControl, message: str, *, status: int = 400, name: str = "INVALID_ARGUMENT") -> None:
    body = json.dumps({"error": {"code": status, "message": message, "status": name}})
    gemini_faults.set(Fault(path=":streamGenerateContent", kind="status", status=status, body=body, times=None))


def test_a_model_that_takes_everything(runops: Runops, gemini: GeminiControl, stack: StackInfo) -> None:
    result = paid(runops)
    assert result.exit_code == 0, result.output
    details = {name: one["detail"] for name, one in found(result).items()}
    assert list(details) == [
        "paid: upload",
        f"paid: {MODEL}, transcript",
        f"paid: {MODEL}, pictures",
        f"paid: {MODEL}, sound",
        f"paid: {MODEL}, answer",
        f"paid: {MODEL}, SOP",
        f"paid: {MODEL}, SOP answer",
    ]
    assert "store: false, HIGH resolution and thinking level low were accepted" in details[f"paid: {MODEL}, transcript"]
    assert "thinking level medium" in details[f"paid: {MODEL}, SOP"]
    assert details[f"paid: {MODEL}, pictures"] == "a picture counts 280 tokens, as HIGH resolution does"
    assert details[f"paid: {MODEL}, sound"].startswith("250 AUDIO tokens")
    assert "2 paid calls to Gemini: about 0.0" in result.stderr
    assert [call.kind for call in gemini.calls()] == ["transcribe", "sop"]
    assert gemini.files() == [], "the clip is deleted"
    assert stack.gemini_api_key not in result.output


def test_each_configured_model_is_called_once_for_each_thing(runops: Runops, gemini: GeminiControl) -> None:
    result = paid(runops, "--sop-model", OTHER, "--fallback-model", OTHER)
    assert result.exit_code == 0, result.output
    assert [(call.kind, call.model) for call in gemini.calls()] == [
        ("transcribe", MODEL),
        ("transcribe", OTHER),
        ("sop", OTHER),
    ]


def test_without_a_terminal_and_without_yes_nothing_is_sent_and_that_is_a_problem(
    runops: Runops, gemini: GeminiControl
) -> None:
    result = runops("check", "--paid", "--no-cluster", "-o", "json")
    assert result.exit_code == 1
    assert list(problems(result)) == ["paid calls"]
    assert "nobody can be asked here" in problems(result)["paid calls"]
    assert "Add --yes" in problems(result)["paid calls"]
    assert gemini.calls() == []


@pytest.mark.parametrize(("answer", "calls"), [("n\n", 0), ("y\n", 2)])
def test_on_a_terminal_it_asks(
    *, runops: Runops, gemini: GeminiControl, monkeypatch: pytest.MonkeyPatch, answer: str, calls: int
) -> None:
    monkeypatch.setattr("runops_cli.commands.check._is_terminal", lambda: True)
    monkeypatch.setattr("typer.confirm", lambda *_, **__: answer == "y\n")
    result = runops("check", "--paid", "--no-cluster", "-o", "json")
    assert result.exit_code == 0
    assert len(gemini.calls()) == calls


def test_without_paid_nothing_is_called(runops: Runops, gemini: GeminiControl) -> None:
    assert runops("check", "--no-cluster").exit_code == 0
    assert gemini.calls() == []


@pytest.mark.parametrize(
    ("message", "part", "remedy"),
    [
        (
            "The specified schema produces a constraint that has too many states for serving.",
            "the schema of the answer was refused",
            "the worker asks again without the schema",
        ),
        (
            'Invalid JSON payload received. Unknown name "store": Cannot find field.',
            "store: false was refused",
            "gateway",
        ),
        ("Thinking level LOW is not supported for this model.", "the thinking level was refused", "Choose a model"),
        ("media_resolution is not supported", "HIGH resolution was refused", "Choose a model"),
    ],
    ids=["schema", "store", "thinking", "resolution"],
)
def test_what_is_refused_is_named(
    *, runops: Runops, gemini_faults: FaultControl, message: str, part: str, remedy: str
) -> None:
    refusing(gemini_faults, message)
    result = paid(runops)
    assert result.exit_code == 1
    assert list(problems(result)) == [f"paid: {MODEL}, transcript", f"paid: {MODEL}, SOP"]
    for text in problems(result).values():
        assert part in text
        assert message[:40] in text
        assert remedy in text


def test_pictures_that_are_not_counted_are_a_problem(runops: Runops, gemini: GeminiControl) -> None:
    gemini.behave(Behaviour(unseen=["VIDEO"]))
    result = paid(runops)
    assert result.exit_code == 1
    assert "No VIDEO tokens were counted" in problems(result)[f"paid: {MODEL}, pictures"]
    assert gemini.files() == []


def test_a_refused_key(runops: Runops, environment: dict[str, str]) -> None:
    environment["GOOGLE_GEMINI_API_KEY"] = "wrong-key-of-no-project"
    result = paid(runops)
    assert result.exit_code == 1
    assert "rejected the key" in problems(result)["paid: upload"]
    assert "wrong-key" not in result.output


def test_a_model_that_does_not_exist(runops: Runops) -> None:
    result = paid(runops, "--fallback-model", "gemini-99-helium")
    assert result.exit_code == 1
    assert set(problems(result)) == {"paid: gemini-99-helium, transcript", "paid: gemini-99-helium, SOP"}
    assert "Choose a model that exists" in problems(result)["paid: gemini-99-helium, SOP"]


@pytest.mark.parametrize(
    ("turn", "says"),
    [
        (Turn(outcome=Outcome.STATUS, status=429, quota="perDay", times=None), "PerDay"),
        (Turn(outcome=Outcome.STATUS, status=429, retry_after_seconds=53, times=None), "asks to wait 53 s"),
        (Turn(outcome=Outcome.STATUS, status=503, times=None), "Check again later."),
        (Turn(outcome=Outcome.PROMPT_BLOCKED, times=None), "The answer is refused (PROHIBITED_CONTENT)"),
        (Turn(outcome=Outcome.PROSE, times=None), "cannot be read"),
        (Turn(outcome=Outcome.FILE_FAILED, times=None), "could not process the uploaded video"),
    ],
    ids=lambda value: f"{value.outcome}-{value.status}-{value.quota}" if isinstance(value, Turn) else "",
)
def test_a_call_that_fails_is_not_repeated_and_says_why(
    *, runops: Runops, gemini: GeminiControl, turn: Turn, says: str
) -> None:
    gemini.behave(Behaviour(turns=[turn]))
    result = paid(runops)
    assert result.exit_code == 1
    assert says in " ".join(problems(result).values())
    assert len(gemini.calls()) <= 2
    assert gemini.files() == []


def test_a_clip_that_cannot_be_deleted_is_said(runops: Runops, gemini_faults: FaultControl) -> None:
    gemini_faults.set(Fault(method="DELETE", path="/files/", kind="status", status=503))
    assert "could not be deleted" in problems(paid(runops))["paid: upload"]


def test_the_price_says_which_models_have_none() -> None:
    price = Price(usual=Decimal("0.0123"), most=Decimal("0.1"), unpriced=("new", "newer"))
    assert price_sentence(1, price) == (
        "1 paid call to Gemini: about 0.012 USD, at most 0.100 USD. The price of new, newer is not known and not in it."
    )


@pytest.mark.parametrize("names", [["a", "a"], ["a", "b", "c", "d"], ["a b"]])
def test_malformed_fallback_models_are_refused_by_their_option(runops: Runops, names: list[str]) -> None:
    result = runops("check", *(word for name in names for word in ("--fallback-model", name)))
    assert result.exit_code == 2
    assert "--fallback-model" in result.stderr
