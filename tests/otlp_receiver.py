"""A stand-in for an OpenTelemetry collector: it takes OTLP over HTTP as protobuf, and keeps the spans."""

import gzip
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

__all__ = ["Received", "receiving"]


@dataclass
class Received:
    """What arrived.

    Attributes
    ----------
    endpoint
        Base address.
    spans
        Protobuf spans, in the order of their arrival.
    resources
        Attributes of each request's resources.
    answers
        Statuses of the next answers; 200 afterwards.
    """

    endpoint: str
    spans: list[Any] = field(default_factory=list)
    resources: list[dict[str, str]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    requests: int = 0

    def wait_for(self, *, spans: int = 0, requests: int = 0, seconds: float = 120.0) -> None:
        """Return as soon as so much has arrived."""
        deadline = time.monotonic() + seconds
        while len(self.spans) < spans or self.requests < requests:
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"within {seconds:.0f} s {len(self.spans)} spans in {self.requests} requests arrived"
                )
            time.sleep(0.05)


@contextmanager
def receiving(listen: str = "127.0.0.1", *, reached_as: str = "127.0.0.1") -> Iterator[Received]:
    """Receive on a free port of an address, which others reach by a name of its own."""
    received = Received("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            status = received.answers.pop(0) if received.answers else 200
            received.requests += 1
            if status == 200 and self.path == "/v1/traces":
                request = ExportTraceServiceRequest.FromString(body)
                for group in request.resource_spans:
                    received.resources.append({item.key: item.value.string_value for item in group.resource.attributes})
                    for scope in group.scope_spans:
                        received.spans.extend(scope.spans)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((listen, 0), Handler)
    received.endpoint = f"http://{reached_as}:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield received
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
