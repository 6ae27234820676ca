"""Tokens are counted by the published arithmetic."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from devstack.gemini.models import MODELS
from devstack.gemini.tokens.count import PromptTokens, text_tokens
from devstack.gemini.wire.api_error import ApiError

PROMPT = "x" * 40


def counted(*, model: str = "gemini-3.8-flash", seconds: float = 60, resolution: str = "LOW", **metadata: Any) -> Any:
    tokens = PromptTokens()
    tokens.add_video(
        model=MODELS[model],
        metadata=metadata,
        resolution=f"MEDIA_RESOLUTION_{resolution}",
        duration=seconds,
        has_audio=True,
    )
    return tokens


@pytest.mark.parametrize(
    ("model", "resolution", "per_minute"),
    [
        ("gemini-3.8-flash", "UNSPECIFIED", 60 * (70 + 25 + 7)),
        ("gemini-3.8-flash", "LOW", 6_120),
        ("gemini-3.8-flash", "HIGH", 60 * (280 + 25 + 7)),
        ("gemini-4-hydrogen", "HIGH", 18_720),
        ("gemini-2.5-flash", "UNSPECIFIED", 60 * (258 + 32 + 7)),
        ("gemini-2.5-flash", "LOW", 60 * (66 + 32 + 7)),
    ],
)
def test_a_minute_of_video_costs_what_its_family_says(model: str, resolution: str, per_minute: int) -> None:
    assert counted(model=model, resolution=resolution).total == per_minute


def test_more_frames_a_second_cost_more_and_sound_stays() -> None:
    assert counted(fps=2.0).counts == {"VIDEO": 120 * 70, "TEXT": 420, "AUDIO": 1_500}


def test_a_clip_of_an_instant_has_no_video_tokens() -> None:
    assert "VIDEO" not in counted(seconds=0.4).counts


@pytest.mark.parametrize("metadata", [{"fps": 0}, {"fps": 25}, {"startOffset": "x"}, {"startOffset": 5}])
def test_malformed_metadata_is_refused(metadata: dict[str, Any]) -> None:
    with pytest.raises(ApiError):
        counted(**metadata)


def test_text_counts_a_quarter_of_its_characters() -> None:
    assert [text_tokens("a" * n) for n in (0, 1, 4, 5)] == [0, 1, 1, 2]


def request_for(name: str, **config: Any) -> dict[str, Any]:
    video = {"fileData": {"fileUri": f"http://any/v1beta/{name}", "mimeType": "video/mp4"}}
    return {"contents": [{"parts": [video, {"text": PROMPT}]}], "generationConfig": config}


def test_usage_names_every_modality_and_adds_up(
    http: httpx.Client, put_file: Callable[..., str], recording: Path
) -> None:
    name = put_file(recording.read_bytes())
    body = request_for(name, mediaResolution="MEDIA_RESOLUTION_HIGH", thinkingConfig={"thinkingLevel": "LOW"})
    usage = http.post("/v1beta/models/gemini-3.8-flash:generateContent", json=body).json()["usageMetadata"]
    details = {one["modality"]: one["tokenCount"] for one in usage["promptTokensDetails"]}
    assert details == {"VIDEO": 12 * 280, "TEXT": 12 * 7 + 10, "AUDIO": 12 * 25}
    assert usage["promptTokenCount"] == sum(details.values())
    assert usage["totalTokenCount"] == (
        usage["promptTokenCount"] + usage["candidatesTokenCount"] + usage["thoughtsTokenCount"]
    )
    counted = http.post("/v1beta/models/gemini-3.8-flash:countTokens", json={"contents": body["contents"]}).json()
    assert counted["totalTokens"] == 12 * (70 + 25 + 7) + 10


def test_the_output_limit_cuts_the_text(http: httpx.Client, put_file: Callable[..., str], recording: Path) -> None:
    body = request_for(
        put_file(recording.read_bytes()),
        responseMimeType="application/json",
        responseJsonSchema={"type": "array"},
        maxOutputTokens=200,
        thinkingConfig={"thinkingLevel": "LOW"},
    )
    answer = http.post("/v1beta/models/gemini-3.8-flash:generateContent", json=body).json()
    candidate, usage = answer["candidates"][0], answer["usageMetadata"]
    assert candidate["finishReason"] == "MAX_TOKENS"
    assert usage["candidatesTokenCount"] + usage["thoughtsTokenCount"] == 200
    assert len(candidate["content"]["parts"][0]["text"]) == usage["candidatesTokenCount"] * 4


def test_thinking_can_use_up_the_whole_limit(http: httpx.Client) -> None:
    body = {"contents": [{"parts": [{"text": "hi"}]}], "generationConfig": {"maxOutputTokens": 16}}
    answer = http.post("/v1beta/models/gemini-4-hydrogen:generateContent", json=body).json()
    assert answer["candidates"] == [{"index": 0, "finishReason": "MAX_TOKENS"}]
    assert answer["usageMetadata"]["thoughtsTokenCount"] == 16


def test_more_input_than_the_model_takes_is_refused(http: httpx.Client) -> None:
    body = {"contents": [{"parts": [{"text": "x" * (4 * 1_048_576 + 4)}]}]}
    refused = http.post("/v1beta/models/gemini-3.8-flash:generateContent", json=body)
    assert refused.status_code == 400
    assert "exceeds the maximum number of tokens" in refused.json()["error"]["message"]
