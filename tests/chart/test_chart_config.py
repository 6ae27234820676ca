from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from runops_operator.config import OperatorConfig, load_config

_CHECKOUT = Path(__file__).parents[2]


def _load(rendered: Any, folder: Path, *, ending: str) -> OperatorConfig:
    path = folder / "operator.yaml"
    path.write_text(rendered.of("ConfigMap", ending=ending)["data"]["operator.yaml"], "utf-8")
    return load_config({"RUNOPS_CONFIG": str(path)})


def test_operator_reads_the_default_configuration(render: Callable[..., Any], tmp_path: Path) -> None:
    rendered = render()
    config = _load(rendered, tmp_path, ending="runops-operator")

    assert (config.installation, config.release) == ("", "runops-operator"), "the operator names itself"
    assert config.named("uid").installation == "videos-ns/runops-operator@uid"
    assert config.namespace == "videos-ns"
    assert config.limits.max_bytes == 4 * 1024**3
    assert config.prompts.config_map == rendered.of("ConfigMap", ending=config.prompts.config_map)["metadata"]["name"]
    assert config.worker.service_account_name == rendered.of("ServiceAccount", ending="-worker")["metadata"]["name"]


def test_operator_reads_a_configuration_with_everything_set(
    render: Callable[..., Any], full_values: Path, tmp_path: Path
) -> None:
    config = _load(render("--values", str(full_values)), tmp_path, ending="videos")

    assert config.installation == "prod-eu"
    assert config.limits.max_bytes == 1 << 40
    assert config.ttl_seconds_after_finished == 31_536_000
    assert config.poll.busy_seconds == pytest.approx(0.5)
    assert (config.poll.connected_seconds, config.realtime.enabled) == (45.0, True)
    assert config.time_left.in_rows
    assert config.prompts.config_map == "my-prompts"
    assert config.queue_name == "videos"
    assert config.worker.image == "mirror.example.com:5000/cache/worker:7"
    assert config.worker.image_pull_secrets == ("registry-login", "mirror-login")
    assert config.worker.secret_name == "runops-keys"
    assert config.worker.resources.requests is not None
    assert config.worker.resources.requests.cpu == "2"
    assert config.worker.tolerations[0].toleration_seconds == 60
    assert config.health.port == 9090


def test_chart_sets_every_setting_of_the_operator(
    render: Callable[..., Any], full_values: Path, tmp_path: Path
) -> None:
    config = _load(render("--values", str(full_values)), tmp_path, ending="videos")

    assert config.model_fields_set == set(OperatorConfig.model_fields)
    for part in (config.worker, config.deadlines, config.leader_election, config.tracing, config.poll, config.realtime):
        assert part.model_fields_set == set(type(part).model_fields)


def test_chart_and_operator_have_the_same_defaults(render: Callable[..., Any], tmp_path: Path) -> None:
    config = _load(render(), tmp_path, ending="runops-operator")

    bare = OperatorConfig(
        release=config.release, namespace=config.namespace, prompts=config.prompts, worker=config.worker
    )
    # The chart elects a leader and has a place for what a new one must know; without a chart there is neither.
    of_a_cluster = {"leader_election", "pace_config_map", "drain_config_map"}
    assert config.model_dump(exclude=of_a_cluster) == bare.model_dump(exclude=of_a_cluster)
    assert config.leader_election.enabled, "for replicas that are added later"


@pytest.mark.parametrize("example", ["default", "ha", "namespaced", "restricted"])
def test_operator_reads_the_configuration_of_every_example(
    example: str, render: Callable[..., Any], chart: Path, tmp_path: Path
) -> None:
    rendered = render("--values", str(chart / "ci" / f"{example}-values.yaml"))
    path = tmp_path / "operator.yaml"
    path.write_text(rendered.of("ConfigMap", ending="runops-operator")["data"]["operator.yaml"], "utf-8")

    config = load_config({"RUNOPS_CONFIG": str(path)})

    assert config.worker.host_users is (False if example == "restricted" else None)


def test_amounts_may_be_numbers(render: Callable[..., Any], tmp_path: Path) -> None:
    resources = {"requests": {"cpu": 1.5, "memory": 1 << 32}, "limits": {"memory": 1 << 33, "ephemeral-storage": "1Gi"}}
    values = tmp_path / "values.yaml"
    # From a file: of --set, helm makes whole numbers.
    values.write_text(yaml.safe_dump({"resources": resources, "worker": {"resources": resources}}), "utf-8")

    rendered = render("--values", str(values))

    container = rendered.of("Deployment")["spec"]["template"]["spec"]["containers"][0]
    worker = _load(rendered, tmp_path, ending="runops-operator").worker.resources.model_dump(by_alias=True)
    for shown in (container["resources"], worker):
        assert (shown["requests"]["cpu"], shown["requests"]["memory"]) == ("1.5", "4294967296")
        assert (shown["limits"]["memory"], shown["limits"]["ephemeral-storage"]) == ("8589934592", "1Gi")


def test_changed_configuration_restarts_the_operator(render: Callable[..., Any]) -> None:
    def checksum(*arguments: str) -> str:
        template = render(*arguments).of("Deployment")["spec"]["template"]
        return str(template["metadata"]["annotations"]["checksum/config"])

    assert checksum() != checksum("--set", "maxConcurrent=11")
    assert checksum() == checksum("--set", "resources.limits.memory=1Gi")


def test_prompts_of_the_values_stand_beside_the_charts_under_another_name(
    render: Callable[..., Any], tmp_path: Path
) -> None:
    text = '# Mine\n\nSay: {{ .Values.keys }} and "quote" it.\n'
    path = tmp_path / "mine.md"
    path.write_text(text, "utf-8")
    chosen = ("--set-file", rf"prompts.files.mine_v1\.md={path}", "--set", "prompts.sop=mine_v1.md")

    def prompts(*arguments: str) -> dict[str, Any]:
        found = [item for item in render(*arguments).manifests if item["kind"] == "ConfigMap" and item.get("immutable")]
        assert len(found) == 1
        return dict(found[0])

    assert prompts(*chosen)["data"] == {**prompts()["data"], "mine_v1.md": text}
    assert prompts(*chosen)["metadata"]["name"] != prompts()["metadata"]["name"]
    assert prompts("--set", "maxConcurrent=7")["metadata"]["name"] == prompts()["metadata"]["name"]


def test_prompts_arrive_unchanged_under_a_name_of_their_content(render: Callable[..., Any]) -> None:
    prompts = [item for item in render().manifests if item["kind"] == "ConfigMap" and item.get("immutable")]

    assert len(prompts) == 1
    assert prompts[0]["data"] == {
        path.name: path.read_text("utf-8") for path in sorted((_CHECKOUT / "prompts").glob("*.md"))
    }
    assert prompts[0]["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


def test_values_that_an_earlier_chart_lacked_take_their_defaults(render: Callable[..., Any], tmp_path: Path) -> None:
    # As `helm upgrade --reuse-values` leaves them out: null removes a value with its default.
    new = ("page", "leaveOutIdle", "redaction", "requireLandlock", "pictureResolution", "failedJobTtlSeconds")
    nulls = [*(f"worker.{name}=null" for name in new), "resyncSeconds=null", "userMetrics=null", "ui=null"]
    rendered = render("--set", ",".join(nulls))

    assert _load(rendered, tmp_path, ending="runops-operator") == _load(render(), tmp_path, ending="runops-operator")
