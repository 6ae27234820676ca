"""Sends traces over OTLP/HTTP: one for each video that ends, if an endpoint is configured."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from importlib.metadata import version

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

from runops.logs import error_text
from runops_operator.heartbeats import UNHEARD, Heartbeat
from runops_operator.manifests.observed import VideoJobView
from runops_operator.observability.trace import Span, sampled, spans, trace_id

__all__ = ["TraceSender", "exporter"]

_log = logging.getLogger(__name__)
_MOST_WAITING = 2000
_AT_ONCE = 100
_SEND_SECONDS = 10


def exporter(endpoint: str) -> SpanExporter:
    """Return an exporter for an OTLP endpoint.

    Headers, such as an API key, are read from OpenTelemetry's own environment variables.
    """
    return OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=_SEND_SECONDS)


class TraceSender:
    """Sends the traces of videos that end, beside the work.

    Parameters
    ----------
    sender
        The exporter; it is called in a thread.
    namespace, installation
        Of the operator.
    ratio
        Share of the traces that is sent, 0 to 1.
    dropped
        Called for each trace that is dropped.
    """

    def __init__(
        self,
        sender: SpanExporter,
        *,
        namespace: str,
        installation: str,
        ratio: float,
        dropped: Callable[[], None],
    ) -> None:
        self._sender = sender
        self._namespace = namespace
        self._ratio = ratio
        self._dropped = dropped
        self._resource = Resource.create(
            {
                "service.name": "runops-operator",
                "service.version": version("runops-operator"),
                "runops.installation": installation,
            }
        )
        self._waiting: deque[VideoJobView] = deque()
        self._some = asyncio.Event()

    def see(self, before: VideoJobView | None, after: VideoJobView) -> None:
        """Queue the trace of a video that ended between two views of it."""
        if before is None or before.finished or not after.finished or not sampled(trace_id(after), self._ratio):
            return
        if len(self._waiting) >= _MOST_WAITING:
            self._dropped()
            return
        self._waiting.append(after)
        self._some.set()

    async def run(self, beat: Heartbeat = UNHEARD) -> None:
        """Send until cancelled."""
        while True:
            beat.waits()
            await self._some.wait()
            self._some.clear()
            while self._waiting:
                beat.moves()
                beat.ended(
                    await self._send([self._waiting.popleft() for _ in range(min(_AT_ONCE, len(self._waiting)))]),
                    next_within=0.0,
                )

    async def _send(self, ended: Sequence[VideoJobView]) -> str | None:
        """Send some traces; return why that failed."""
        try:
            batch = [
                self._readable(span, trace_id(videojob))
                for videojob in ended
                for span in spans(videojob, namespace=self._namespace)
            ]
            result = await asyncio.to_thread(self._sender.export, batch)
        except Exception as error:  # noqa: BLE001 - one odd trace, whose values may be a worker's, must not keep the others
            if len(ended) > 1:
                return next(filter(None, [await self._send([videojob]) for videojob in ended]), None)
            self._dropped()
            _log.exception("Unexpected error about a trace; it is dropped.", extra={"videojob": ended[0].name})
            return error_text(error)
        if result is SpanExportResult.SUCCESS:
            return None
        _log.warning("%d traces could not be sent", len(ended))
        for _ in ended:
            self._dropped()
        return f"the receiver did not take {len(ended)} traces."

    async def close(self) -> None:
        """Give up the connection to the receiver."""
        await asyncio.to_thread(self._sender.shutdown)

    def _readable(self, span: Span, trace: int) -> ReadableSpan:
        def context(span_id: int) -> SpanContext:
            return SpanContext(trace, span_id, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))

        return ReadableSpan(
            name=span.name,
            context=context(span.span_id),
            parent=None if span.parent_id is None else context(span.parent_id),
            resource=self._resource,
            attributes=dict(span.attributes),
            kind=SpanKind.CONSUMER if span.parent_id is None else SpanKind.INTERNAL,
            status=Status(StatusCode.OK) if span.failure is None else Status(StatusCode.ERROR, span.failure),
            start_time=_nanoseconds(span.start),
            end_time=_nanoseconds(span.end),
        )


def _nanoseconds(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000) * 1000
