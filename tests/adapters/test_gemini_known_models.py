"""Whether a model exists is asked before anything is paid, once per process, and only a clear no ends the run."""

from typing import Any

import pytest

from devstack.faults import Fault, FaultControl
from devstack.stack import StackInfo
from runops.failures import Failed, Reason
from runops_worker.gemini.model import GeminiModel

MODEL = "gemini-3.8-flash"
NOT_FOUND = '{"error": {"code": 404, "message": "models/x is not found", "status": "NOT_FOUND"}}'


@pytest.fixture
def gemini(stack: StackInfo, monkeypatch: pytest.MonkeyPatch) -> GeminiModel:
    monkeypatch.setattr("runops_worker.gemini.known_models._KNOWN", set())
    return GeminiModel(stack.gemini_api_key, stack.gemini_url)


def asked(faults: FaultControl) -> list[str]:
    return [request.path for request in faults.requests()]


async def test_a_model_that_exists_is_asked_for_once_in_a_process(
    stack: StackInfo, gemini: GeminiModel, gemini_faults: FaultControl
) -> None:
    await gemini.check(MODEL, "models/gemini-4-hydrogen", MODEL)
    await GeminiModel(stack.gemini_api_key, stack.gemini_url).check(MODEL)
    assert asked(gemini_faults) == ["/v1beta/models/gemini-3.8-flash", "/v1beta/models/gemini-4-hydrogen"]


async def test_a_model_that_does_not_exist_fails_each_time(gemini: GeminiModel, gemini_faults: FaultControl) -> None:
    for _ in range(2):
        with pytest.raises(Failed, match="no model 'gemini-99-helium'") as failed:
            await gemini.check(MODEL, "gemini-99-helium")
        assert failed.value.reason is Reason.MODEL_NOT_FOUND
    assert len(asked(gemini_faults)) == 3


async def test_a_rejected_key_fails_and_is_not_shown(gemini: GeminiModel) -> None:
    gemini.key = "canary"
    with pytest.raises(Failed) as failed:
        await gemini.check(MODEL)
    assert failed.value.reason is Reason.MODEL_KEY_REJECTED
    assert "canary" not in str(failed.value)


@pytest.mark.parametrize(
    "answer",
    [
        {"kind": "status", "status": 404, "body": "<html>no such page</html>"},
        {"kind": "status", "status": 403, "body": "denied"},
        {"kind": "status", "status": 429, "body": NOT_FOUND},
        {"kind": "status", "status": 503, "body": NOT_FOUND},
        {"kind": "status", "status": 200, "body": "<html>sign in</html>"},
        {"kind": "reset"},
    ],
    ids=lambda answer: f"{answer['kind']}-{answer.get('status')}",
)
async def test_an_answer_that_says_nothing_about_the_model_does_not_end_the_run(
    gemini: GeminiModel, gemini_faults: FaultControl, answer: dict[str, Any]
) -> None:
    gemini_faults.set(Fault(method="GET", path="/v1beta/models/", **answer))
    await gemini.check("gemini-99-helium")
    assert len(asked(gemini_faults)) == 1
