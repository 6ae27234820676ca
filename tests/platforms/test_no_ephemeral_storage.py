"""A namespace that gives no ephemeral storage. No other installation is there to claim the row."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.eventually import eventually
from tests.platforms.admission import in_force, of_a_pod, validating
from tests.platforms.quota import make_quota

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(1800),
    pytest.mark.slow("installs the chart, and runs a real pod with the whole worker"),
]

NO_DISK = "without-ephemeral-storage"
_NO_REQUEST = {"ephemeral-storage": None}


def test_a_worker_with_a_volume_of_its_own_needs_no_ephemeral_storage(
    api_server: httpx.Client,
    make_namespace: Callable[[str], None],
    installed: Callable[..., Any],
    tmp_path: Path,
) -> None:
    make_namespace(NO_DISK)
    disk = tmp_path / "disk"
    disk.mkdir()
    disk.chmod(0o777)
    # The worker's user is another one; pytest's folders are its own user's alone, and one deeper under xdist.
    for folder in (tmp_path, *tmp_path.parents):
        if not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o011)
    volume = {
        "metadata": {"name": "scratch-1"},
        "spec": {
            "capacity": {"storage": "10Gi"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "scratch",
            "hostPath": {"path": str(disk), "type": "Directory"},
        },
    }
    assert api_server.post("/api/v1/persistentvolumes", json=volume).is_success
    make_quota(api_server, NO_DISK, **{"requests.ephemeral-storage": "0", "limits.ephemeral-storage": "0"})
    refused = validating(
        "no-empty-dir",
        NO_DISK,
        ("object.spec.?volumes.orValue([]).all(v, !has(v.emptyDir))", "emptyDir is not allowed"),
        only="object.metadata.?labels['app.kubernetes.io/name'].orValue('') == 'runops-worker'",
    )
    tried = of_a_pod(
        NO_DISK, labels={"app.kubernetes.io/name": "runops-worker"}, volumes=[{"name": "a", "emptyDir": {}}]
    )
    nothing = {"requests": _NO_REQUEST, "limits": _NO_REQUEST}
    values = {
        "resources": nothing,
        "worker": {"scratch": {"type": "volume", "storageClassName": "scratch"}, "resources": nothing},
    }
    with (
        in_force(api_server, refused, tried, lambda answer: "emptyDir is not allowed" in answer.text),
        installed(NO_DISK, values) as site,
    ):
        job_id = site.submit()
        eventually(lambda: bool(site.of(job_id, "pods")), "the worker's pod is made")
        (pod,) = site.of(job_id, "pods")
        assert site.ended(job_id) == ("completed", None)
        assert "ephemeral-storage" not in str(pod["spec"]["containers"][0]["resources"])
    api_server.delete("/api/v1/persistentvolumes/scratch-1")
