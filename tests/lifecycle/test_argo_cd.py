"""The chart under Argo CD: nothing drifts, nothing that videos need is pruned."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from tests.eventually import eventually
from tests.lifecycle.argo_cd import ArgoCd
from tests.lifecycle.light_node import LightNode
from tests.lifecycle.release import CHART, Release

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(1800),
    pytest.mark.slow("real pods of the operator, which start again after a change of the prompts"),
]

Tables = psycopg.Connection[tuple[Any, ...]]
_DEFINITION = "customresourcedefinition/videojobs.runops.dev"
_PROMPTS = "app.kubernetes.io/component=prompts"
_OTHER_PROMPTS = {"prompts": {"files": {"transcription_prompt_v2.md": "Say what is on the screen, item by item."}}}


@pytest.fixture
def argo(place: Callable[..., Release]) -> Iterator[tuple[ArgoCd, Release]]:
    release = place()
    release.told("delete", _DEFINITION, "--ignore-not-found", "--wait=true")
    argo = ArgoCd(release)
    yield argo, release
    argo.delete()
    release.told("delete", _DEFINITION, "--ignore-not-found", "--wait=true")


@pytest.fixture
def one(values: dict[str, Any]) -> dict[str, Any]:
    """Values for one replica."""
    return values | {"replicas": 1}


def _started(release: Release) -> None:
    release.told("rollout", "status", f"deployment/{release.name}", "--timeout=240s")


def _queue(tables: Tables, rows: int) -> None:
    tables.execute("insert into public.jobs (job_id) select gen_random_uuid() from generate_series(1, %s)", (rows,))


def _completed(tables: Tables, rows: int) -> bool:
    return tables.execute("select count(*) from public.jobs where status = 'completed'").fetchone() == (rows,)


def _prompts(release: Release) -> set[str]:
    return {item["metadata"]["name"] for item in release.objects("configmaps", labels=_PROMPTS)}


def test_what_is_applied_stays_as_it_is_while_the_operator_works(
    argo: tuple[ArgoCd, Release], one: dict[str, Any], node: LightNode, tables: Tables
) -> None:
    application, release = argo
    assert application.sync(one) == []
    assert application.differences(one) == ""
    _started(release)
    node.go_on.set()
    _queue(tables, 3)
    eventually(lambda: _completed(tables, 3), "every row is completed")
    # What the operator writes once a quota per minute was met.
    kept = json.dumps({"data": {"pace": "{}"}})
    release.told("patch", "configmap", f"{release.name}-pace", "--type=merge", "-p", kept)

    def revision() -> str:
        """Return the number of the pods' template: the generation counts changed annotations, too."""
        deployment = release.objects.named("deployments", release.name) or {}
        number: str = deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"]
        return number

    assert application.differences(one) == ""
    assert application.sync(one) == []
    application.server_side = True
    for _ in range(2):
        assert application.differences(one) == "", "also after a sync by the other way, and after a second one"
        assert application.sync(one) == []
    assert revision() == "1", "no sync starts new pods"
    assert (release.objects.named("configmaps", f"{release.name}-pace") or {})["data"] == {"pace": "{}"}

    # What the page says instead of `helm test`, for which there is no release.
    pod = f"{release.name}-check"
    only = ("--show-only", "templates/tests/installation.yaml")
    check = release.helmed("template", release.name, str(CHART), *only, values=one)
    release.told("create", "-f", "-", given=check)
    release.told("wait", "--for=jsonpath={.status.phase}=Succeeded", f"pod/{pod}", "--timeout=240s")
    assert "All checks passed." in release.objects.log(pod)

    release.told("scale", f"deployment/{release.name}", "--replicas=3")
    assert "replicas" in application.differences(one), "the comparison finds what somebody changed"


def test_a_video_that_waits_across_an_upgrade_keeps_its_prompts_and_runs(
    argo: tuple[ArgoCd, Release], one: dict[str, Any], node: LightNode, tables: Tables
) -> None:
    application, release = argo
    application.sync(one)
    _started(release)
    _queue(tables, 1)
    eventually(lambda: node.working == 1, "its worker runs")
    video = release.objects("videojobs")[0]["metadata"]["name"]
    release.told("patch", "videojob", video, "--type=merge", "-p", json.dumps({"spec": {"suspend": True}}))
    eventually(lambda: node.working == 0, "it is paused")
    before = _prompts(release)

    changed = one | _OTHER_PROMPTS
    assert application.sync(changed) == [], "the earlier prompts are not pruned"
    assert len(_prompts(release) - before) == 1
    assert before < _prompts(release)
    assert application.differences(changed) == "", "and the Application is in sync all the same"
    _started(release)

    release.told("patch", "videojob", video, "--type=merge", "-p", json.dumps({"spec": {"suspend": False}}))
    eventually(lambda: node.working == 1, "it goes on")
    pod = release.objects("pods", labels=f"runops.dev/videojob={video}")[0]
    assert {item["configMap"]["name"] for item in pod["spec"]["volumes"] if item["name"] == "prompts"} == before
    node.go_on.set()
    eventually(lambda: _completed(tables, 1), "its row is completed")

    roles = application.sync(changed | {"namespaced": True})
    assert {name.partition("/")[0] for name in roles} == {"clusterrole"}, "the definition of VideoJob is not pruned"
    deleted = application.delete()
    assert f"deployment/{release.name}" in deleted
    assert len(release.objects("videojobs")) == 1, "without the Application, the VideoJobs stay"
    assert before < _prompts(release)
