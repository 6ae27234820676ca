"""A Gemini in the process of the test: it keeps what it was sent, and answers what the test scripts."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

__all__ = ["GeminiRecorder", "Refusal", "Reply", "running_recorder"]

_UNSTABLE = {
    *("accept-encoding", "connection", "content-length", "host", "user-agent", "x-goog-api-client"),
}


@dataclass(frozen=True)
class Refusal:
    """An error in place of an answer; `retry_seconds` becomes its `RetryInfo`."""

    code: int
    message: str = ""
    retry_seconds: float | None = None

    def response(self) -> web.Response:
        details = []
        if self.retry_seconds is not None:
            kind = "type.googleapis.com/google.rpc.RetryInfo"
            details.append({"@type": kind, "retryDelay": f"{self.retry_seconds}s"})
        error = {"code": self.code, "message": self.message, "status": "STATUS", "details": details}
        return web.json_response({"error": error}, status=self.code)


@dataclass(frozen=True)
class Reply:
    """An answer of one event."""

    text: str = "[]"
    finish: str | None = "STOP"
    video_tokens: int = 84_000

    def response(self) -> web.Response:
        candidate = {"content": {"role": "model", "parts": [{"text": self.text}]}, "finishReason": self.finish}
        usage = {
            "promptTokenCount": 9,
            "promptTokensDetails": [{"modality": "VIDEO", "tokenCount": self.video_tokens}],
        }
        event = {"candidates": [candidate], "usageMetadata": usage}
        return web.Response(text=f"data: {json.dumps(event)}\r\n\r\n", content_type="text/event-stream")


@dataclass
class GeminiRecorder:
    """Answers calls by its script, then with an empty array; all else as Gemini does.

    Attributes
    ----------
    script
        For the next calls, in their order.
    requests
        What was sent, without headers that differ from machine to machine.
    times
        When each call came, by the clock of the loop.
    """

    url: str = ""
    script: list[Refusal | Reply] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def calls(self) -> list[dict[str, Any]]:
        """Return the requests that ask a model."""
        return [one for one in self.requests if "streamGenerateContent" in one["path"]]

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests.append(
            {
                "method": request.method,
                "path": request.path_qs,
                "headers": {name: headers[name] for name in sorted(headers) if name not in _UNSTABLE},
                "body": json.loads(body) if body.startswith(b"{") else f"{len(body)} bytes",
            }
        )
        if request.path.endswith(":streamGenerateContent"):
            self.times.append(asyncio.get_running_loop().time())
            return (self.script.pop(0) if self.script else Reply()).response()
        if request.path == "/upload/v1beta/files" and "upload_id" not in request.query:
            address = f"{self.url}upload/v1beta/files?upload_id=1&upload_protocol=resumable"
            return web.Response(headers={"X-Goog-Upload-URL": address})
        if request.path == "/upload/v1beta/files":
            file = {"uri": f"{self.url}v1beta/files/x", "mimeType": "video/mp4", "state": "ACTIVE"}
            uploaded = {"file": {**file, "name": "files/x", "sizeBytes": str(len(body))}}
            return web.json_response(uploaded, headers={"X-Goog-Upload-Status": "final"})
        return web.json_response({})


@asynccontextmanager
async def running_recorder() -> AsyncIterator[GeminiRecorder]:
    """Run one on a free port."""
    recorder = GeminiRecorder()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", recorder.answer)
    async with TestServer(app) as server:
        recorder.url = str(server.make_url("/"))
        yield recorder
