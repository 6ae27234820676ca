"""Rows and VideoJobs as nobody should write them: every JSON type at every place, from one seed."""

import random
from collections.abc import Callable
from typing import Any
from uuid import UUID

from tests.operator.world import CONFIG

HUGE = "\u202e" + "x" * 1_000_000
STRINGS = (
    "",
    " ",
    "null",
    "%",
    "*",
    "_",
    "..",
    "a,b)",
    '"quoted\\"',
    "line\nfeed\r\t\x1b[31m",
    "nul\x00inside",
    "\ud800 lone",
    "\u202eright to left",
    "e\u0301\U0001f600",
    "' or 1=1 --",
    "9999-12-31T23:59:59.999999+00:00",
    "0001-01-01T00:00:00+23:59",
    "2026-11-24T12:00:00",
    "infinity",
    "1e400",
    "x" * 300,
)
NUMBERS = (0, -1, 1, 2**31, -(2**63), 2**63, 10**400, 0.5, -1e308, 1_000_000, 1_000_001)


def nested(depth: int) -> Any:
    """Return lists in lists."""
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


def value(chance: random.Random, *, depth: int = 2) -> Any:
    """Return any JSON value."""
    kind = chance.randrange(9 if depth else 6)
    if kind == 0:
        return None
    if kind == 1:
        return chance.random() < 0.5
    if kind == 2:
        return chance.choice(NUMBERS)
    if kind in {3, 4}:
        return HUGE if chance.random() < 0.01 else chance.choice(STRINGS)
    if kind == 5:
        return str(uuid(chance))
    if kind == 6:
        return [value(chance, depth=depth - 1) for _ in range(chance.randrange(4))]
    if kind == 7:
        return nested(700) if chance.random() < 0.05 else {}
    return {key(chance): value(chance, depth=depth - 1) for _ in range(chance.randrange(4))}


def key(chance: random.Random) -> str:
    """Return a name, often one that means something somewhere."""
    return chance.choice((*STRINGS, "runops", "claim", "by", "user_id", "type", "status", "reason", "not_an_object"))


def uuid(chance: random.Random) -> UUID:
    """Return a uuid that follows from the seed."""
    return UUID(int=chance.getrandbits(128), version=4)


def _mangled(chance: random.Random, whole: Any) -> Any:
    """Return a JSON value with another one put in some place of it, or with a part missing."""
    if not isinstance(whole, dict | list) or not whole or chance.random() < 0.15:
        return value(chance)
    if isinstance(whole, list):
        at = chance.randrange(len(whole))
        return [*whole[:at], _mangled(chance, whole[at]), *whole[at + 1 :]]
    name = chance.choice(sorted(whole))
    if chance.random() < 0.1:
        return {other: item for other, item in whole.items() if other != name}
    return {**whole, name: _mangled(chance, whole[name])}


def claim(chance: random.Random) -> Any:
    """Return something in place of `metadata.runops` that looks like a claim of this installation's."""
    whole = {
        "claim": f"{uuid(chance)}/{uuid(chance)}",
        "by": CONFIG.installation,
        "attempt": 3,
        "failures": 1,
        "waits": 2,
        "more_memory": True,
        "not_before": "9999-12-31T23:59:59+00:00",
        "reason": "Evicted",
    }
    return _mangled(chance, whole)


def odd_metadata(chance: random.Random) -> Any:
    """Return metadata of a row that can be worked on all the same."""
    odd = {"runops": claim(chance), "priority": value(chance), key(chance) + "!": value(chance)}
    return odd | chance.choice(({}, {"user_id": str(uuid(chance)).upper()}, {"user_id": uuid(chance).hex}))


def bad_metadata(chance: random.Random) -> Any:
    """Return metadata of a row that nobody can work on: it is no object, or the user is none."""
    if chance.random() < 0.3:
        return chance.choice((7, True, "", HUGE, "text", nested(700), [value(chance)], 0.5))
    user: Any = None
    while user is None or _is_uuid(user):
        user = value(chance)
    return {"user_id": user, "priority": chance.choice((100, 5, value(chance))), "runops": claim(chance)}


def _is_uuid(user: Any) -> bool:
    try:
        UUID(user)
    except (ValueError, TypeError, AttributeError):
        return False
    return True


def videojob(chance: random.Random) -> dict[str, Any]:
    """Return a VideoJob that is malformed in one place or in several."""
    job_id = str(uuid(chance))
    body = {
        "apiVersion": "runops.dev/v1alpha1",
        "kind": "VideoJob",
        "metadata": {
            "name": f"vj-{job_id}",
            "annotations": {"runops.dev/claim": str(uuid(chance)), "runops.dev/by": CONFIG.installation},
            "labels": {"app.kubernetes.io/managed-by": "runops-operator"},
        },
        "spec": _spec(chance, job_id),
        "status": _status(chance),
    }
    mangle: Callable[[], None] = chance.choice(
        (
            lambda: body.update(spec=_mangled(chance, body["spec"])),
            lambda: body.update(status=_mangled(chance, body["status"])),
            lambda: body.update({chance.choice(("spec", "status")): value(chance)}),
            lambda: _annotate(chance, body),
        )
    )
    for _ in range(chance.choice((1, 1, 3))):
        mangle()
    return body


def mangled_event(chance: random.Random) -> Any:
    """Return what a watch delivers as an object, with whole parts missing."""
    body = videojob(chance)
    whole = body | {"metadata": body["metadata"] | {"uid": "u", "resourceVersion": "5", "generation": 1}}
    mangled = _mangled(chance, whole)
    if isinstance(mangled, dict) and isinstance(mangled.get("metadata"), dict) and chance.random() < 0.5:
        mangled["metadata"].pop(chance.choice(("name", "uid", "resourceVersion")), None)
    return mangled


def _annotate(chance: random.Random, body: dict[str, Any]) -> None:
    if chance.random() < 0.2:
        body["metadata"]["annotations"] = value(chance)
    else:
        body["metadata"]["annotations"] = {"runops.dev/claim": value(chance), key(chance): value(chance)}


def _spec(chance: random.Random, job_id: str) -> dict[str, Any]:
    return {
        "jobId": job_id,
        "userId": str(uuid(chance)),
        "source": {"bucket": "videos", "object": f"raw/{job_id}.mp4"},
        "model": {"transcribe": "gemini-3.8-flash", "sop": "gemini-3.8-flash"},
        "prompts": {"transcription": "t.md", "sop": "s.md"},
        "transcode": {"fps": 1, "height": 720, "crf": 32},
        "retryLimit": 3,
        "activeDeadlineSeconds": 7200,
        "ttlSecondsAfterFinished": 31_536_000,
        "suspend": False,
        "queueName": "q",
        "worker": {
            "resources": {"requests": {"cpu": "1"}, "limits": {"memory": "1Gi"}},
            "nodeSelector": {"a": "b"},
            "tolerations": [{"key": "k", "operator": "Exists"}],
            "priorityClassName": "p",
        },
    }


def _status(chance: random.Random) -> dict[str, Any]:
    said = {"status": "True", "reason": chance.choice(("QuotaExceeded", "X")), "message": "m"}
    kinds = ("Blocked", "Stalled", "Started", "Progressing", "Finished", "Failed")
    since = chance.choice(("9999-12-31T23:59:59Z", "2026-11-24T12:00:00", "2020-01-01T00:00:00Z", "yesterday"))
    conditions = [
        {"type": kind, "lastTransitionTime": since, **said} for kind in chance.sample(kinds, chance.randrange(5))
    ]
    return {
        "observedGeneration": 1,
        "conditions": conditions,
        "phase": "Running",
        "stage": "transcribing",
        "progress": "42%",
        "startTime": since,
        "completionTime": since,
        "attempts": 2**62,
        "reason": "X",
        "message": "m",
        "workerPod": {"name": "p", "uid": "u"},
        "resolved": {"image": "i", "models": {"transcribe": "m"}},
        "usage": {},
        "outputs": [],
    }
