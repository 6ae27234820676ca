"""Install, test, upgrade and roll back while videos run, uninstall, install again: with both Helms, for real."""

import json
import re
import shlex
import subprocess
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.eventually import eventually
from tests.lifecycle.light_node import LightNode
from tests.lifecycle.release import CHART, PREVIOUS, Release

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(1800),
    pytest.mark.slow(
        "install, upgrade, test, roll back and uninstall with each Helm; Helm waits for real pods of "
        "the operator each time"
    ),
]

Tables = psycopg.Connection[tuple[Any, ...]]
_RUNNING = 20
_WAIT = ("--wait", "--timeout", "480s")
_DEFINITION = "customresourcedefinition/videojobs.runops.dev"


def _untouched(release: Release) -> dict[str, tuple[Any, ...]]:
    """Return what would change of Jobs, pods and VideoJobs if somebody touched them."""
    seen = {}
    for kind in ("videojobs", "jobs", "pods"):
        for item in release.objects(kind, labels="runops.dev/videojob" if kind == "pods" else ""):
            status = item.get("status", {})
            started = status.get("startTime"), status.get("phase"), status.get("attempts")
            restarts = [container["restartCount"] for container in status.get("containerStatuses", ())]
            metadata = item["metadata"]
            seen[f"{kind}/{metadata['name']}"] = (
                *(metadata["uid"], metadata.get("generation"), metadata.get("deletionTimestamp")),
                *(*started, *restarts),
            )
    return seen


def _statuses(tables: Tables) -> dict[str, int]:
    return dict(tables.execute("select status, count(*) from public.jobs group by status").fetchall())


def _run_what_the_notes_say(release: Release, notes: str) -> list[str]:
    """Run the notes' commands that delete something, as a person would copy them; return the first words of each."""
    commands = re.findall(r"^\s+(kubectl delete .+)$", notes, re.MULTILINE)
    for command in commands:
        words = shlex.split(command)
        whole = [str(release.cluster.kubectl), "--kubeconfig", str(release.cluster.kubeconfig), *words[1:]]
        done = subprocess.run(whole, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, f"{command}: {done.stderr}"
    return [" ".join(command.split()[1:3]) for command in commands]


@pytest.mark.parametrize("program", ["helm", "helm3"])
def test_nothing_that_runs_is_touched_from_the_upgrade_to_the_end(
    *,
    program: str,
    place: Callable[..., Release],
    values: dict[str, Any],
    image: str,
    node: LightNode,
    tables: Tables,
) -> None:
    release = place(program)
    if program == "helm3":
        # Each change of the release starts new pods; with the other Helm it is two replicas, the chart's default.
        values = values | {"replicas": 1}
    release.told("delete", _DEFINITION, "--ignore-not-found", "--wait=true")
    before = {"operatorImage": image, "workerImage": "runops.invalid/light:none", "node": node.name}
    release.helmed("install", release.name, str(PREVIOUS), *_WAIT, values=before)
    tables.execute("insert into public.jobs (job_id) select gen_random_uuid() from generate_series(1, %s)", (_RUNNING,))
    eventually(lambda: node.working == _RUNNING, f"{_RUNNING} workers run")
    eventually(lambda: release.phases() == {"Running": _RUNNING}, "all are shown as running")
    running = _untouched(release)
    assert len(running) == 3 * _RUNNING

    release.helmed("upgrade", release.name, str(CHART), *_WAIT, values=values)
    assert _untouched(release) == running, "the upgrade touches nothing that runs"
    assert "0.2.0" in release.helmed("history", release.name)
    # Helm 3 asks for the logs of a test that went well only after it has deleted its pod, and fails.
    logs = ("--logs",) if program == "helm" else ()
    tested = release.helmed("test", release.name, *logs, "--timeout", "480s")
    assert re.search(r"Phase:\s+Succeeded", tested)
    assert not logs or "All checks passed." in tested
    assert release.objects("pods", labels="app.kubernetes.io/component=installation-check") == []
    release.helmed("rollback", release.name, "1", *_WAIT)
    assert _untouched(release) == running, "the rollback touches nothing that runs"
    release.helmed("rollback", release.name, "2", *_WAIT)
    assert _untouched(release) == running, "nor does the way back"

    node.go_on.set()
    eventually(lambda: _statuses(tables) == {"completed": _RUNNING}, "every row is completed")
    eventually(lambda: release.phases() == {"Succeeded": _RUNNING}, "every VideoJob has succeeded")
    assert {item["status"]["attempts"] for item in release.objects("videojobs")} == {1}
    doubles = tables.execute("select job_id from public.sops group by job_id having count(*) <> 1").fetchall()
    assert doubles == [], "one SOP each"

    notes = release.helmed("get", "notes", release.name)
    release.helmed("uninstall", release.name, "--wait", "--timeout", "480s")
    assert len(release.objects("videojobs")) == _RUNNING, "uninstalling keeps the VideoJobs"
    assert release.objects("deployments") == []
    _install_again_over_what_was_kept(release, values)
    assert _run_what_the_notes_say(release, notes) == ["delete videojobs", "delete customresourcedefinition"]
    assert release.kubectl("get", _DEFINITION).returncode != 0
    release.helmed("install", release.name, str(CHART), "--set", "replicas=0")
    release.told("wait", "--for=condition=Established", _DEFINITION, "--timeout=180s")
    assert release.objects("videojobs") == []


def _install_again_over_what_was_kept(release: Release, values: dict[str, Any]) -> None:
    """Under the same name it goes without more ado; another release has to take the definition over, or leave it."""
    quiet = {**values, "replicas": 0}
    release.helmed("install", release.name, str(CHART), values=quiet)
    assert len(release.objects("videojobs")) == _RUNNING
    _upgrade_while_it_drains(release, quiet)
    release.helmed("uninstall", release.name, "--wait", "--timeout", "480s")

    refused = release.helm("install", "another", str(CHART), values=quiet)
    assert refused.returncode != 0
    assert "videojobs.runops.dev" in refused.stderr
    assert "release-name" in refused.stderr
    release.helm("uninstall", "another", "--ignore-not-found")
    for way in (("--set", "crds.enabled=false"), ("--take-ownership",)):
        release.helmed("install", "another", str(CHART), *way, values=quiet)
        release.helmed("uninstall", "another", "--wait", "--timeout", "480s")
    assert len(release.objects("videojobs")) == _RUNNING


def _upgrade_while_it_drains(release: Release, values: dict[str, Any]) -> None:
    """An upgrade leaves the order to drain alone."""
    order = {"since": "2026-11-30T19:00:00Z", "by": "ann"}
    name = f"{release.name}-drain"
    release.told("patch", "configmap", name, "--type=merge", f"--patch={json.dumps({'data': order})}")
    release.helmed("upgrade", release.name, str(CHART), values={**values, "maxConcurrent": 3})
    (kept,) = [item for item in release.objects("configmaps") if item["metadata"]["name"] == name]
    assert kept["data"] == order


def test_helm_test_says_in_plain_words_what_is_missing(
    place: Callable[..., Release], values: dict[str, Any], keys: Mapping[str, str]
) -> None:
    release = place()
    release.told("apply", "--server-side", "--force-conflicts", "-f", str(CHART / "files/crds/videojob.yaml"))
    release.put_keys({**keys, "SUPABASE_SERVICE_ROLE_KEY": f"sb_secret_{uuid4().hex}"})
    # The check is a pod of its own: no operator has to run.
    alone = {**values, "replicas": 0}
    release.helmed("install", release.name, str(CHART), "--set", "crds.enabled=false", values=alone)

    failed = release.helm("test", release.name, "--logs", "--timeout", "480s")

    assert failed.returncode != 0
    said = failed.stdout + failed.stderr
    assert "FAILED  table jobs: key rejected" in said
    assert "ok      VideoJob definition" in said
    assert "checks failed." in said


def test_helm_test_finds_a_definition_of_an_earlier_version(
    place: Callable[..., Release], values: dict[str, Any], image: str
) -> None:
    release = place()
    release.told("delete", _DEFINITION, "--ignore-not-found", "--wait=true")
    objects = release.helmed("template", release.name, str(PREVIOUS), values={"operatorImage": image})
    definition = next(part for part in objects.split("\n---\n") if 'kind: "CustomResourceDefinition"' in part)
    release.told("apply", "--server-side", "-f", "-", given=definition)
    release.told("wait", "--for=condition=Established", _DEFINITION, "--timeout=180s")
    # The check is a pod of its own: no operator has to run.
    alone = {**values, "replicas": 0}
    release.helmed("install", release.name, str(CHART), "--set", "crds.enabled=false", values=alone)

    failed = release.helm("test", release.name, "--logs", "--timeout", "480s")
    release.told("apply", "--server-side", "--force-conflicts", "-f", str(CHART / "files/crds/videojob.yaml"))

    assert failed.returncode != 0
    said = failed.stdout + failed.stderr
    assert "FAILED  VideoJob definition" in said
    assert "status.stages" in said
    assert "crds/videojob.yaml" in said
