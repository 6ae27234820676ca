"""The answer to one generate call as data: what is said, how it ends, what it cost. Pure."""

import base64
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from devstack.gemini.behaviour import Outcome, Turn
from devstack.gemini.tokens.count import PromptTokens, text_tokens

__all__ = ["Reply", "continued_from", "limited", "scripted", "stream_events", "whole_body"]

_CHUNK = 2_000
_MOST_CHUNKS = 64
_LOOPS = 4_000
_THOUGHTS = {"minimal": 0, "low": 64, "medium": 128, "high": 256, "xhigh": 512, "budget": 96}


@dataclass(frozen=True)
class Reply:
    """One answer.

    Attributes
    ----------
    text : str or None
        None leaves the candidate without content.
    finish_reason : str or None
        None ends a stream without a reason.
    prompt : PromptTokens
        What the request cost.
    thoughts : int
        Tokens of thinking.
    candidates : bool
        False answers an empty list of candidates.
    block_reason : str
        Of the prompt; empty where it was not blocked.
    continuation : str
        Token with which the rest is asked for.
    error_after : int or None
        HTTP status of an error event after the text (streams), or in place of it.
    """

    text: str | None
    prompt: PromptTokens
    model_version: str
    response_id: str
    finish_reason: str | None = "STOP"
    thoughts: int = 0
    candidates: bool = True
    block_reason: str = ""
    continuation: str = ""
    error_after: int | None = None

    @property
    def output_tokens(self) -> int:
        """Tokens of the text."""
        return text_tokens(self.text or "") if self.candidates else 0


def limited(reply: Reply, *, level: str, limit: int) -> Reply:
    """Return the reply as thinking and an output limit leave it.

    Thought tokens count against the limit: where they use it up, no text is left.
    """
    thoughts = min(_THOUGHTS[level], limit)
    left = limit - thoughts
    if left <= 0:
        return replace(reply, text=None, finish_reason="MAX_TOKENS", thoughts=thoughts)
    if reply.text is not None and text_tokens(reply.text) > left:
        cut = reply.text[: left * 4]
        return replace(reply, text=cut, finish_reason="MAX_TOKENS", thoughts=thoughts, continuation="")
    return replace(reply, thoughts=thoughts)


def continued_from(token: Any) -> int:
    """Return at which character of the full text a continuation begins.

    Raises
    ------
    ValueError
        The token is not one of ours.
    """
    plain = base64.urlsafe_b64decode(str(token).replace("+", "-").replace("/", "_") + "==")
    return int(plain.decode().removeprefix("at:"))


def scripted(reply: Reply, turn: Turn) -> Reply:
    """Return the reply as a scripted turn spoils it. `STATUS` and `HTML_502` never come here."""
    text = reply.text or ""
    kept = text[: math.floor(len(text) * turn.keep_share)]
    token = base64.urlsafe_b64encode(f"at:{len(kept)}".encode()).decode()
    changes: dict[Outcome, dict[str, Any]] = {
        Outcome.MAX_TOKENS: {"text": kept, "finish_reason": "MAX_TOKENS"},
        Outcome.EMPTY_CANDIDATES: {"candidates": False},
        Outcome.EMPTY_TEXT: {"text": ""},
        Outcome.PROMPT_BLOCKED: {"candidates": False, "block_reason": turn.block_reason},
        Outcome.NO_CONTENT: {"text": None, "finish_reason": turn.finish_reason},
        Outcome.CONTINUATION: {"text": kept, "finish_reason": "CONTINUATION", "continuation": token},
        Outcome.PROSE: {"text": f"Here is what I found in {len(text)} characters of notes. It went well."},
        Outcome.CODE_FENCE: {"text": f"```json\n{text}\n```"},
        Outcome.WRONG_SHAPE: {"text": json.dumps({"unexpected": [{"shape": len(text)}]})},
        Outcome.LOOP_TEXT: {"text": kept + text[-60:] * _LOOPS, "finish_reason": "MAX_TOKENS"},
        Outcome.NO_FINISH_REASON: {"text": kept, "finish_reason": None},
        Outcome.ERROR_EVENT: {"text": kept, "finish_reason": None, "error_after": turn.status},
        Outcome.TEXT: {"text": turn.text},
        Outcome.UNSEEN: {"prompt": reply.prompt.without({turn.unseen})},
    }
    if turn.outcome is Outcome.OBEYS:
        # It is in what was said already.
        return reply
    if turn.outcome in changes:
        return replace(reply, **changes[turn.outcome])
    return replace(reply, text=_with_hole(text, turn.outcome))


def _with_hole(text: str, outcome: Outcome) -> str:
    """Return a SOP with a fault in its graph; what is no SOP stays as it is."""
    try:
        sop = json.loads(text)
        graph = sop["public"]
        entry = graph["nodes"][0]["id"]
    except (ValueError, TypeError, LookupError):
        return text
    extra = {"id": "extra-1", "type": "task", "label": "Left over"}
    if outcome is Outcome.DANGLING_EDGE:
        graph["edges"].append({"source": entry, "target": "nowhere", "condition": "next"})
    elif outcome is Outcome.UNREACHABLE_NODE:
        graph["nodes"].append(extra)
    elif outcome is Outcome.TWO_ENDS:
        graph["nodes"].append({**extra, "type": "end"})
        graph["edges"].append({"source": entry, "target": "extra-1", "condition": "next"})
    return json.dumps(sop, ensure_ascii=False)


def _usage(reply: Reply, *, output: int) -> dict[str, Any]:
    usage: dict[str, Any] = {
        "promptTokenCount": reply.prompt.total,
        "totalTokenCount": reply.prompt.total + output + reply.thoughts,
        "promptTokensDetails": reply.prompt.details(),
    }
    if reply.candidates:
        usage["candidatesTokenCount"] = output
    if reply.thoughts:
        usage["thoughtsTokenCount"] = reply.thoughts
    return usage


def _body(reply: Reply, *, part: str | None, output: int, last: bool) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if reply.candidates:
        candidate: dict[str, Any] = {"index": 0}
        if part is not None:
            candidate["content"] = {"parts": [{"text": part}], "role": "model"}
        if last and reply.finish_reason is not None:
            candidate["finishReason"] = reply.finish_reason
        if last and reply.continuation:
            candidate["continuationToken"] = reply.continuation
        body["candidates"] = [candidate]
    if reply.block_reason:
        body["promptFeedback"] = {"blockReason": reply.block_reason}
    body["usageMetadata"] = _usage(reply, output=output)
    body["modelVersion"] = reply.model_version
    body["responseId"] = reply.response_id
    return body


def whole_body(reply: Reply) -> dict[str, Any]:
    """Return the answer of the method that does not stream."""
    return _body(reply, part=reply.text, output=reply.output_tokens, last=True)


def stream_events(reply: Reply) -> Iterator[dict[str, Any]]:
    """Yield the events of the streaming method; usage is a running total, the last event ends the answer."""
    if not reply.text or not reply.candidates:
        if reply.error_after is None:
            yield whole_body(reply)
        return
    size = max(_CHUNK, math.ceil(len(reply.text) / _MOST_CHUNKS))
    for at in range(0, len(reply.text), size):
        last = at + size >= len(reply.text)
        shown = text_tokens(reply.text[: at + size])
        yield _body(reply, part=reply.text[at : at + size], output=shown, last=last)
