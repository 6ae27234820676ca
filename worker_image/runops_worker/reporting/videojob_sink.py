"""Reports progress into the status of the VideoJob that this pod works for."""

import asyncio
import logging
import ssl
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import httpx

from runops.authorities import trust_bundle, trusted
from runops.progress import Stage
from runops.report import Report, Usage
from runops.videojob import API_VERSION, PLURAL
from runops_worker.reporting.throttle import Throttle

__all__ = ["VideoJobSink"]

_LOG = logging.getLogger(__name__)
_TIMEOUT_SECONDS = 5.0
_NEW_SECONDS = 1.0
"""An answer that is not older tells what is granted as well as another one would."""
_HEADERS = {"Content-Type": "application/merge-patch+json", "Accept": "application/json"}


class VideoJobSink:
    """Patches `stage`, `progress`, `resolved`, `pace`, `usage`; at the end also `quality`, `stages`, `outputs`.

    A failure is only logged.

    Parameters
    ----------
    address
        Of the API server, for example `https://10.96.0.1:443`.
    namespace, name
        Of the VideoJob.
    token_file
        Contains the pod's token. Read for every patch, since it is rotated.
    ca_file
        Certificate authorities of the API server; the public ones where the file does not exist.
    clock
        A monotonic clock, in seconds.
    """

    def __init__(
        self,
        *,
        address: str,
        namespace: str,
        name: str,
        token_file: Path,
        ca_file: Path,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = f"{address}/apis/{API_VERSION}/namespaces/{namespace}/{PLURAL}/{name}/status"
        self._token_file = token_file
        self._clock = clock
        self._throttle = Throttle(most_seconds=None)
        self._one_patch = asyncio.Lock()
        self._answer: Mapping[str, Any] = {}
        self._answered_at = float("-inf")
        verify = trusted()
        if ca_file.is_file():
            verify = ssl.create_default_context(cafile=str(ca_file))
            trust_bundle(verify)
        # The API server is never behind the proxy that other services may need.
        self._http = httpx.AsyncClient(timeout=_TIMEOUT_SECONDS, verify=verify, trust_env=False)

    @classmethod
    def in_pod(cls, environ: Mapping[str, str], *, directory: Path) -> Self | None:
        """Return the sink for the VideoJob in the environment; None outside a cluster.

        Parameters
        ----------
        environ
            `KUBERNETES_SERVICE_HOST`, `KUBERNETES_SERVICE_PORT`, `RUNOPS_NAMESPACE` and `RUNOPS_VIDEOJOB`.
        directory
            Mount of `token` and `ca.crt`.
        """
        host, port = environ.get("KUBERNETES_SERVICE_HOST"), environ.get("KUBERNETES_SERVICE_PORT", "443")
        namespace, name = environ.get("RUNOPS_NAMESPACE"), environ.get("RUNOPS_VIDEOJOB")
        if not (host and namespace and name):
            return None
        authority = f"[{host}]" if ":" in host else host
        return cls(
            address=f"https://{authority}:{port}",
            namespace=namespace,
            name=name,
            token_file=directory / "token",
            ca_file=directory / "ca.crt",
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection."""
        await self._http.aclose()

    async def report(self, stage: Stage, percent: int) -> None:
        """Write stage and percentage, if a write is due."""
        now = self._clock()
        if self._throttle.due(stage, percent, now=now):
            # Also after a failure, so that an outage does not cause a request with every heartbeat.
            self._throttle.wrote(stage, percent, now=now)
            await self._patch({"stage": stage, "progress": f"{percent}%"})

    async def report_sandbox(self, sandbox: str) -> None:
        """Write by what ffmpeg is confined."""
        await self._patch({"resolved": {"sandbox": sandbox}})

    async def report_usage(self, usage: Usage) -> None:
        """Write what the video has cost so far."""
        await self._patch({"usage": usage.model_dump(mode="json", by_alias=True, exclude_none=True)})

    async def report_result(self, report: Report) -> None:
        """Write outputs, cost and quality of a finished run."""
        status = report.model_dump(
            mode="json", by_alias=True, exclude_none=True, include={"usage", "quality", "stages", "outputs"}
        )
        prompts = report.model_dump(mode="json", by_alias=True, include={"prompts"})
        if report.reason is None:
            status |= {"stage": Stage.COMPLETED, "progress": "100%"}
        if report.prompts:
            status["resolved"] = prompts
        await self._patch(status)

    async def exchange_pace(self, pace: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Merge into `status.pace` and return it; see `PaceStatus`. The right to patch is enough to read.

        Most calls follow the report of the call before, whose answer has the pace as well.
        """
        status = await self._patch({"pace": pace} if pace else {})
        return None if status is None else status.get("pace") or {}

    async def _patch(self, status: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Merge into the status and return all of it; None where it could not be written."""
        async with self._one_patch:
            if not status and self._clock() - self._answered_at <= _NEW_SECONDS:
                return self._answer
            answer = await self._patched(status)
            if answer is not None:
                self._answer, self._answered_at = answer, self._clock()
            return answer

    async def _patched(self, status: Mapping[str, Any]) -> Mapping[str, Any] | None:
        try:
            token = self._token_file.read_text("utf-8").strip()
            answer = await self._http.patch(
                self._url, json={"status": status}, headers={**_HEADERS, "Authorization": f"Bearer {token}"}
            )
            if answer.is_error:
                _LOG.warning("the VideoJob's status was refused", extra={"status": answer.status_code})
                return None
            return _status_in(answer.json())
        except (httpx.HTTPError, OSError, ValueError) as error:
            _LOG.warning("the VideoJob's status could not be written", extra={"error": type(error).__name__})
            return None


def _status_in(videojob: Any) -> Mapping[str, Any]:
    status = videojob.get("status") if isinstance(videojob, Mapping) else None
    return status if isinstance(status, Mapping) else {}
