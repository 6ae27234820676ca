"""Rows as a queue in use has them, and the manifests of a cluster that works on them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import psycopg

from runops.failures import TABLE, Reason

__all__ = ["HOSTILE", "USER", "fill", "job", "manifests_of"]

USER = UUID("1f0c2b1e-8a4c-4f0e-b7a8-3f3f7e5f1c11")
_OTHER = UUID("7c9e6679-7425-40de-944b-e07fc1f90ae7")
_SPACE = UUID("00000000-0000-4000-8000-000000000001")
HOSTILE = "</td><script>alert(1)</script><img src=x onerror=alert(2)>\"'`${7*7}{{7*7}}"
_TITLES = (
    "Book supplier invoices",
    "Onboard a new employee in the HR system",
    "Close the books at the end of a month",
    "Answer a customer's complaint about a late parcel",
    "Create a purchase order in SAP",
    "Reset a forgotten password",
)
_INSERT = """insert into jobs (job_id, status, created_at, updated_at, completed_at, error, metadata, progress_stage,
    progress_percent) values (%s, %s, %s, %s, %s, %s, %s, %s, %s)"""


def job(number: int) -> UUID:
    """Return the id of a row."""
    return uuid5(_SPACE, str(number))


def fill(database: psycopg.Connection, *, now: datetime | None = None) -> None:
    """Put rows of every kind into the table; the newest have the smallest numbers."""
    now = now or datetime.now(UTC)

    def row(
        number: int,
        status: str,
        minutes: float,
        *,
        error: str | None = None,
        claim: dict[str, Any] | None = None,
        stage: str | None = None,
        percent: int | None = None,
        user: UUID | None = USER,
        ended: float | None = None,
    ) -> None:
        created = now - timedelta(minutes=minutes)
        changed = now - timedelta(minutes=minutes if ended is None else ended)
        metadata: dict[str, Any] = {} if user is None else {"user_id": str(user)}
        metadata |= {} if claim is None else {"runops": claim}
        done = changed if status == "completed" else None
        values = (job(number), status, created, changed, done, error, json.dumps(metadata), stage, percent)
        database.execute(_INSERT, values)

    for number in range(5):
        row(number, "queued", 4 + 3 * number, user=USER if number % 2 else _OTHER)
    held = {"claim": f"{job(1000)}/{job(1001)}", "by": "runops/runops", "attempt": 1}
    row(10, "processing", 21, claim=held, stage="preparing_video", percent=22, ended=0.1)
    row(11, "processing", 24, claim=held, stage="transcribing", percent=58, ended=0.2, user=_OTHER)
    row(12, "processing", 26, claim={**held, "failures": 1, "attempt": 2}, stage="parsing_sop", percent=81, ended=0.1)
    waits = {
        **held,
        "claim": str(job(1000)),
        "waits": {"quota": 2},
        "reason": "QuotaExceeded",
        "not_before": (now + timedelta(minutes=9)).isoformat(),
    }
    row(13, "processing", 33, claim=waits, stage="transcribing", percent=50, ended=3)
    row(14, "processing", 36, claim=held, stage="transcribing", percent=64, ended=0.3)
    for number in range(20, 56):
        minutes = 42 + 31 * (number - 20)
        row(number, "completed", minutes, claim=held, ended=minutes - 24, user=_OTHER if number % 3 else USER)
        sop = _sop(job(number), _TITLES[number % len(_TITLES)])
        database.execute("insert into sops (job_id, data) values (%s, %s)", (job(number), json.dumps(sop)))
    failures = (
        Reason.NO_VIDEO_STREAM,
        Reason.MODEL_UNAVAILABLE,
        Reason.MODEL_UNAVAILABLE,
        Reason.OUT_OF_MEMORY,
        Reason.MEDIA_TOO_LONG,
        Reason.MODEL_UNAVAILABLE,
    )
    for number, reason in enumerate(failures, 60):
        known = TABLE[reason]
        row(number, "error", 70 + 47 * (number - 60), error=f"{known.sentence} {known.remedy}", claim=held, ended=60.0)
    row(70, "error", 380, error="Cancelled by `runops cancel`: Wrong recording.", ended=350, user=None)
    row(71, "error", 400, error=HOSTILE, ended=390, user=None)


def manifests_of(now: datetime | None = None) -> dict[str, Any]:
    """Return what the API server answers, by path."""
    now = now or datetime.now(UTC)

    def at(minutes: float) -> str:
        return (now - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def condition(kind: str, reason: str, message: str, minutes: float) -> dict[str, str]:
        return {"type": kind, "status": "True", "reason": reason, "message": message, "lastTransitionTime": at(minutes)}

    def videojob(number: int, **status: Any) -> dict[str, Any]:
        suspended = status.pop("suspend", False)
        model = {"transcribe": "gemini-3.8-flash", "sop": "gemini-3.8-flash"}
        return {
            "apiVersion": "runops.dev/v1alpha1",
            "kind": "VideoJob",
            "metadata": {
                "name": f"vj-{job(number)}",
                "uid": str(job(2000 + number)),
                "resourceVersion": str(number),
                "creationTimestamp": at(20),
            },
            "spec": {"jobId": str(job(number)), "suspend": suspended, "model": model},
            "status": status,
        }

    def usage(cost: str, seconds: int) -> dict[str, Any]:
        return {
            "costUsd": cost,
            "totalTokens": 184_230,
            "mediaSeconds": seconds,
            "attempts": [
                {"calls": 3, "totalTokens": 61_400, "costUsd": "0.021"},
                {"calls": 7, "totalTokens": 122_830, "costUsd": cost},
            ],
            "days": [{"day": now.date().isoformat(), "costUsd": cost}],
        }

    running = condition("Started", "WorkerRunning", "The worker runs.", 18)
    items = [
        videojob(10, phase="Running", stage="preparing_video", conditions=[running], startTime=at(18)),
        videojob(
            11,
            phase="Running",
            stage="transcribing",
            conditions=[running],
            startTime=at(18),
            usage=usage("0.034", 754),
            timeLeft={
                "earliest": (now + timedelta(minutes=4)).isoformat(),
                "likely": (now + timedelta(minutes=5)).isoformat(),
                "latest": (now + timedelta(minutes=7)).isoformat(),
                "ends": "14:05-14:11Z",
            },
        ),
        videojob(
            12,
            phase="Running",
            stage="parsing_sop",
            conditions=[running],
            startTime=at(18),
            usage=usage("0.118", 1204),
            workerPod={"name": f"vj-{job(12)}-abcde", "uid": "1", "node": "worker-3"},
            stages=[
                {"stage": "preparing_video", "startTime": at(17), "seconds": 221.0},
                {"stage": "transcribing", "startTime": at(13), "seconds": 502.5},
            ],
        ),
        videojob(14, suspend=True, phase="Suspended", conditions=[]),
        videojob(
            21,
            phase="Succeeded",
            usage=usage("0.082", 610),
            conditions=[
                condition("Complete", "Completed", "The SOP is written.", 30),
                condition("Finished", "Completed", "It has ended.", 30),
            ],
        ),
    ]
    events = [
        {
            "metadata": {"name": "one"},
            "involvedObject": {"kind": "VideoJob", "name": f"vj-{job(12)}"},
            "reason": "AttemptFailed",
            "message": f"ModelUnavailable: The model is overloaded. {HOSTILE}",
            "type": "Warning",
            "lastTimestamp": at(15),
            "count": 2,
        }
    ]
    pod = {
        "metadata": {"name": f"vj-{job(12)}-abcde", "creationTimestamp": at(14)},
        "spec": {"nodeName": "worker-3"},
        "status": {"phase": "Running", "containerStatuses": [{"name": "worker", "state": {"running": {}}}]},
    }
    return {
        "/apis/runops.dev/v1alpha1/namespaces/runops/videojobs": {"items": items},
        "/api/v1/namespaces/runops/events": {"items": events},
        "/api/v1/namespaces/runops/pods": {"items": [pod]},
    }


def _sop(job_id: UUID, title: str) -> dict[str, Any]:
    return {
        "meta": {
            "id": str(job_id),
            "title": title,
            "version": "1.0.0",
            "goal": "It is done.",
            "purpose": "So that it is.",
            "owner": [],
        },
        "public": {
            "triggers": [{"type": "manual", "description": "An invoice arrives"}],
            "nodes": [
                {"id": "n1", "type": "trigger", "label": "An invoice arrives"},
                {"id": "n2", "type": "task", "label": "Open the invoice"},
                {"id": "n3", "type": "decision", "label": "Is it above 1,000?"},
                {"id": "n4", "type": "task", "label": "Ask the manager"},
                {"id": "n5", "type": "end", "label": "All is booked"},
            ],
            "edges": [
                {"source": "n1", "target": "n2", "condition": "next"},
                {"source": "n2", "target": "n3", "condition": "next"},
                {"source": "n3", "target": "n4", "condition": "yes"},
                {"source": "n3", "target": "n5", "condition": "no"},
                {"source": "n4", "target": "n5", "condition": "next"},
            ],
        },
    }
