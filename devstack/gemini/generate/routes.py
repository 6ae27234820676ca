"""The HTTP side of models: describing, counting, generating whole or as a stream."""

import asyncio
import hashlib
import json
import time
from collections import deque
from dataclasses import replace
from typing import Any

from aiohttp import web

from devstack.gemini.answers.reply import Reply, continued_from, limited, scripted, stream_events, whole_body
from devstack.gemini.answers.what_is_said import answer_text, meets
from devstack.gemini.behaviour import CallRecord, Obeys, Outcome, Turn
from devstack.gemini.files.store import FileStore
from devstack.gemini.models import MODELS, Model, described, find
from devstack.gemini.rate import Rate
from devstack.gemini.requests.understand import Asked, count_contents, understand
from devstack.gemini.script import Script
from devstack.gemini.unruly.draw import Drawn, draw, spoiled
from devstack.gemini.wire.api_error import ApiError, invalid, over_quota, unavailable
from devstack.gemini.wire.pages import page_of, with_next_page
from devstack.gemini.wire.read_request import read_request

__all__ = ["REQUEST_LIMIT", "ModelRoutes"]

REQUEST_LIMIT = 100 * 1024 * 1024
"""Largest body of a generate call, in bytes."""

_MOST_RECORDS = 10_000
_BLOCK = 256 * 1024
_HTML = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


class ModelRoutes:
    """Handlers below ``/{version}/models``.

    Parameters
    ----------
    files : FileStore
        Where the files are that requests name.
    script : Script
        How to behave.
    """

    def __init__(self, files: FileStore, script: Script) -> None:
        self._files = files
        self._script = script
        self.calls: deque[CallRecord] = deque(maxlen=_MOST_RECORDS)
        self._rate = Rate()

    async def list(self, request: web.Request) -> web.Response:
        """Answer a page of models."""
        size, start = page_of(request, most=1_000, usual=50)
        models = list(MODELS.values())
        body = {"models": [described(model) for model in models[start : start + size]]}
        return web.json_response(with_next_page(body, start=start + size, total=len(models)))

    async def get(self, request: web.Request) -> web.Response:
        """Answer one model."""
        return web.json_response(described(_model(request)))

    async def act(self, request: web.Request) -> web.StreamResponse:
        """Answer one of the methods written behind the model's name."""
        model = _model(request)
        match request.match_info["method"]:
            case "countTokens":
                return await self._count(request, model)
            case "generateContent":
                return await self._generate(request, model, streamed=False)
            case "streamGenerateContent":
                return await self._generate(request, model, streamed=True)
            case method:
                raise ApiError(404, f"models/{model.name} does not support the method {method}.")

    async def _count(self, request: web.Request, model: Model) -> web.Response:
        asked = read_request(await _body(request), message="CountRequest")
        tokens = await count_contents(asked, model=model, files=self._files)
        return web.json_response({"totalTokens": tokens.total, "promptTokensDetails": tokens.details()})

    async def _generate(self, request: web.Request, model: Model, *, streamed: bool) -> web.StreamResponse:
        body = await _body(request)
        caller = request.match_info["caller"].removeprefix("as/").removesuffix("/")
        # A file's name is new in each run; its content is not.
        digest = hashlib.sha256(caller.encode() + self._files.with_contents(body)).hexdigest()
        answering = MODELS[model.routed_to] if model.routed_to else model
        asked = await understand(
            read_request(body, message="Request"), model=answering, streamed=streamed, files=self._files
        )
        del body
        turn, drawn = self._turn(asked, model=model.name, call=digest)
        if turn is not None and turn.outcome is Outcome.STATUS:
            self._script.begin_overload(turn, now=time.monotonic())
        record = CallRecord(
            kind=asked.kind,
            model=model.name,
            at=time.time(),
            video=asked.video is not None,
            streamed=streamed,
            peer=request.remote or "",
            caller=caller,
            faults=[] if drawn is None else list(drawn.all_names),
        )
        self.calls.append(record)
        try:
            self._check_quota(asked)
        except ApiError as error:
            record.status = error.code
            raise
        await asyncio.sleep(self._script.behaviour.latency_seconds)
        if turn is not None and turn.outcome is Outcome.HTML_502:
            record.status = 502
            return web.Response(status=502, text=_HTML, content_type="text/html")
        try:
            status = self._script.overloaded(now=time.monotonic())
            if status is not None:
                raise unavailable(code=status, model=model.name)
            if turn is None or turn.outcome is not Outcome.STATUS:
                asked = await self._with_what_was_read(asked)
            obeys = self._obeys(asked, turn)
            record.obeyed = obeys is not None
            reply = self._reply(asked, turn, drawn, obeys=obeys, response_id=digest[:24])
        except ApiError as error:
            record.status = error.code
            raise
        record.prompt_tokens, record.output_tokens = reply.prompt.total, reply.output_tokens
        record.thoughts_tokens = reply.thoughts
        record.finish_reason = reply.finish_reason if reply.candidates else None
        if streamed:
            return await _stream(request, reply, pause=self._script.behaviour.pause_seconds, record=record)
        if reply.error_after is not None:
            record.status = reply.error_after
            raise unavailable(code=reply.error_after, model=model.name)
        return web.json_response(whole_body(reply))

    def _turn(self, asked: Asked, *, model: str, call: str) -> tuple[Turn | None, Drawn | None]:
        """Return the scripted turn that takes the call, or else the faults that are drawn for it."""
        unruly = self._script.behaviour.unruly
        if asked.continuation is not None:
            return None, None
        turn = self._script.for_call(kind=asked.kind, model=model)
        if turn is not None or unruly is None:
            return turn, None
        drawn = draw(unruly, kind=asked.kind, call=call, number=self._script.number_of(call))
        return None if drawn.turn is None else Turn.model_validate(drawn.turn), drawn

    async def _with_what_was_read(self, asked: Asked) -> Asked:
        """Return the call with what was read in its video, once that is over."""
        if asked.video is None or not asked.video.file:
            return asked
        media = await self._files.read_media(asked.video.file)
        return asked if media is None else replace(asked, video=replace(asked.video, media=media))

    def begin_minute(self) -> None:
        """Have the quotas per minute count from here."""
        self._rate = Rate()

    def _check_quota(self, asked: Asked) -> None:
        behaviour = self._script.behaviour
        if behaviour.requests_per_minute is None and behaviour.tokens_per_minute is None:
            return
        exceeded = self._rate.take(
            asked.tokens.total,
            now=time.monotonic(),
            requests=behaviour.requests_per_minute,
            most_tokens=behaviour.tokens_per_minute,
            minute=behaviour.minute_seconds,
        )
        if exceeded is not None:
            raise over_quota(exceeded, model=asked.model.name)

    def _obeys(self, asked: Asked, turn: Turn | None) -> Obeys | None:
        """Return how the model obeys the recording; None where it does not, or has not met what would make it."""
        if turn is None or turn.obeys is None:
            return None
        is_met = meets(asked, turn.obeys.because, scenes=self._script.behaviour.scenes)
        return turn.obeys if is_met else None

    def _reply(
        self, asked: Asked, turn: Turn | None, drawn: Drawn | None, *, obeys: Obeys | None, response_id: str
    ) -> Reply:
        if turn is not None and turn.outcome is Outcome.STATUS:
            raise unavailable(
                code=turn.status,
                model=asked.model.name,
                retry_after_seconds=turn.retry_after_seconds,
                quota=turn.quota,
            )
        told = self._script.behaviour
        text = answer_text(asked, scenes=told.scenes, obeys=obeys, reads=told.reading, heeds_prompt=told.heeds_prompt)
        if drawn is not None:
            text = spoiled(text, drawn)
        if asked.continuation is not None:
            try:
                text = text[continued_from(asked.continuation) :]
            except ValueError as error:
                raise invalid("Invalid continuation_token.") from error
        behaviour = self._script.behaviour
        name = f"{asked.model.name}-001" if behaviour.versioned_names else asked.model.name
        prompt = asked.tokens.without(behaviour.unseen)
        reply = Reply(text=text, prompt=prompt, model_version=name, response_id=response_id)
        if turn is not None:
            reply = scripted(reply, turn)
        if turn is not None and turn.outcome in {Outcome.PROMPT_BLOCKED, Outcome.EMPTY_CANDIDATES}:
            return reply
        return limited(reply, level=asked.level, limit=asked.output_limit)


def _model(request: web.Request) -> Model:
    return find(request.match_info["model"], version=request.match_info["version"])


async def _body(request: web.Request) -> bytes:
    too_large = invalid(f"Request payload size exceeds the limit: {REQUEST_LIMIT} bytes.")
    if (request.content_length or 0) > REQUEST_LIMIT:
        raise too_large
    body = bytearray()
    while block := await request.content.read(_BLOCK):
        body += block
        if len(body) > REQUEST_LIMIT:
            raise too_large
    return bytes(body)


async def _stream(request: web.Request, reply: Reply, *, pause: float, record: CallRecord) -> web.StreamResponse:
    events: list[dict[str, Any]] = list(stream_events(reply))
    if reply.error_after is not None:
        events.append(unavailable(code=reply.error_after, model=reply.model_version).body())
    if request.query.get("alt") != "sse":
        return web.json_response(events)
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for number, event in enumerate(events):
        if number:
            await asyncio.sleep(pause)
        if request.transport is None or request.transport.is_closing():
            record.client_gone = True
            return response
        await response.write(b"data: " + json.dumps(event, ensure_ascii=False).encode() + b"\r\n\r\n")
        record.events += 1
    await response.write_eof()
    return response
