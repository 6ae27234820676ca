"""The models the stand-in knows: limits, ways of thinking, routing. Facts as announced by November 2026."""

from dataclasses import dataclass
from typing import Any

from devstack.gemini.wire.api_error import ApiError, invalid

__all__ = ["MODELS", "Model", "check_thinking", "described", "find"]

_MILLION = 1_048_576


@dataclass(frozen=True)
class Model:
    """One model.

    Attributes
    ----------
    name : str
        Without the ``models/`` in front.
    thinking_levels : tuple of str
        Accepted levels in lower case; empty where a budget is used instead.
    default_level : str
        Level of a request that names none.
    frame_tokens : tuple of int
        Tokens of a video frame at low, default and high media resolution.
    sound_tokens : int
        Tokens of a second of sound.
    budget : bool
        Whether `thinkingBudget` is the way to limit thinking.
    shared_window : bool
        Whether input, thinking and output share one window.
    unary_output_limit : int
        Output limit of the method that does not stream.
    routed_to : str or None
        The model that really answers.
    preview : bool
        Served by v1beta and v1alpha only.
    audio_only : bool
        Takes no video.
    """

    name: str
    thinking_levels: tuple[str, ...] = ("low", "medium", "high")
    default_level: str = "medium"
    frame_tokens: tuple[int, int, int] = (70, 70, 280)
    sound_tokens: int = 25
    input_limit: int = _MILLION
    output_limit: int = 65_536
    unary_output_limit: int = 65_536
    budget: bool = False
    shared_window: bool = False
    routed_to: str | None = None
    preview: bool = False
    audio_only: bool = False


MODELS: dict[str, Model] = {
    model.name: model
    for model in (
        Model(
            "gemini-4-hydrogen",
            thinking_levels=("low", "medium", "high", "xhigh"),
            default_level="high",
            shared_window=True,
        ),
        Model("gemini-4-argon", shared_window=True, unary_output_limit=32_768),
        Model("gemini-4-carbon", shared_window=True, unary_output_limit=32_768),
        Model("gemini-3.8-flash"),
        Model("gemini-3.7-flash", routed_to="gemini-3.8-flash"),
        Model("gemini-3.6-flash"),
        Model("gemini-3.5-flash", routed_to="gemini-3.6-flash"),
        Model("gemini-3.5-flash-lite", thinking_levels=("minimal", "low", "medium", "high")),
        Model("gemini-3.1-pro-preview", default_level="high", preview=True),
        Model("gemini-3.5-transcribe", audio_only=True),
        Model("gemini-2.5-flash", thinking_levels=(), frame_tokens=(66, 258, 258), sound_tokens=32, budget=True),
        Model("gemini-2.5-pro", thinking_levels=(), frame_tokens=(66, 258, 258), sound_tokens=32, budget=True),
    )
}


def find(name: str, *, version: str) -> Model:
    """Return the model of this name.

    Raises
    ------
    ApiError
        404: the API version does not serve such a model.
    """
    model = MODELS.get(name)
    if model is None or (model.preview and version == "v1"):
        raise ApiError(
            404,
            f"models/{name} is not found for API version {version}, or is not supported for generateContent. "
            "Call ListModels to see the list of available models and their supported methods.",
        )
    return model


def described(model: Model) -> dict[str, Any]:
    """Return the JSON resource of a model."""
    return {
        "name": f"models/{model.name}",
        "version": "001",
        "displayName": model.name.replace("-", " ").title(),
        "description": "Served by a stand-in.",
        "inputTokenLimit": model.input_limit,
        "outputTokenLimit": model.output_limit,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
        "temperature": 1,
        "topP": 0.95,
        "topK": 64,
        "maxTemperature": 2,
        "thinking": True,
    }


def check_thinking(model: Model, config: dict[str, Any]) -> str:
    """Return the level a `thinkingConfig` asks for, in lower case; ``budget`` where a budget rules.

    Raises
    ------
    ApiError
        400: level and budget together, or not of this model's family.
    """
    level, budget = config.get("thinkingLevel"), config.get("thinkingBudget")
    if level == "THINKING_LEVEL_UNSPECIFIED":
        level = None
    if level is not None and budget is not None:
        raise invalid("You can only set only one of thinking budget and thinking level.")
    if budget is not None:
        if not model.budget:
            raise invalid(f"Thinking budget is not supported for model {model.name}; use thinking_level.")
        return "minimal" if budget == 0 else "budget"
    if level is None:
        return "budget" if model.budget else model.default_level
    wanted = str(level).lower()
    if wanted not in model.thinking_levels:
        raise invalid(f"Thinking level {str(level).upper()} is not supported for model {model.name}.")
    return wanted
