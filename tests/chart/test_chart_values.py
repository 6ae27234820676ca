from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ("modles.sop=x", "modles"),
        ("worker.resource.requests.cpu=1", "resource"),
        ("maxConcurrent=-1", "maxConcurrent"),
        ("maxConcurrent=many", "maxConcurrent"),
        ("logLevel=LOUD", "logLevel"),
        ("image.digest=latest", "digest"),
        ("transcode.height=721", "height"),
        ("health.port=80", "port"),
        ("worker.resources.requests.memory=lots", "memory"),
        ("models.fallback={a,b,a}", "fallback"),
        ("models.fallback={a,b,c,d}", "fallback"),
        ("models.fallback={a b}", "fallback"),
        ("extraEnv[0].value=x", "extraEnv"),
        ("extraEnv[0].name=RUNOPS_CONFIG", "extraEnv"),
        ("worker.extraEnv[0].name=RUNOPS_CLAIM", "extraEnv"),
        ("worker.extraVolumeMounts[0].mountPat=/x", "mountPat"),
        ("global.imageRegistry=5", "imageRegistry"),
        ("global.imagePullSecrets[0].nmae=x", "imagePullSecrets"),
        ("enabled=yes please", "enabled"),
        ("podDisruptionBudget.enabled=maybe", "podDisruptionBudget"),
        ("podDisruptionBudget.maxUnavailable=0", "maxUnavailable"),
        ("topologySpreadConstraints[0].topologyKey=zone", "topologySpreadConstraints"),
        ("hostUsers=never", "hostUsers"),
        ("prompts.files.notes=x", "files"),
        ("networkPolicy.flavor=calico", "flavor"),
        ("networkPolicy.except[0]=10.0.0.1", "except"),
        ("networkPolicy.apiServer.ports[0]=70000", "ports"),
        ("metrics.serviceMonitor.renderMode=always", "renderMode"),
        ("metrics.prometheusRule.failureRatio=20", "failureRatio"),
        ("metrics.prometheusRule.selector=cluster=eu", "selector"),
        ("tracing.sampleRatio=2", "sampleRatio"),
        ("tracing.endpoint=collector:4317", "endpoint"),
        ("tracing.endpoint=http://collector:4318/?key=x", "endpoint"),
        ("namespaced=1", "namespaced"),
    ],
)
def test_wrong_value_is_refused_by_name(setting: str, named: str, helm: Callable[..., Any], chart: Path) -> None:
    done = helm("template", "runops-operator", str(chart), "--set", setting)

    assert done.returncode != 0
    assert "schema" in done.stderr
    assert named in done.stderr


def test_values_of_an_umbrella_chart_are_accepted(render: Callable[..., Any]) -> None:
    rendered = render(
        *("--set", "global.imageRegistry=registry.example.com", "--set", "enabled=true"),
        *("--set", "global.of.another.chart=1", "--set", "global.storageClass=fast"),
    )

    container = rendered.of("Deployment")["spec"]["template"]["spec"]["containers"][0]
    assert container["image"].startswith("registry.example.com/runops/runops-operator:")
    config = yaml.safe_load(rendered.of("ConfigMap", ending="runops-operator")["data"]["operator.yaml"])
    assert config["worker"]["image"].startswith("registry.example.com/runops/runops-worker:")


def test_umbrella_chart_passes_its_values_on(helm: Callable[..., Any], chart: Path, tmp_path: Path) -> None:
    umbrella = tmp_path / "umbrella"
    (umbrella / "charts").mkdir(parents=True)
    # As an archive: that is how a release of the chart arrives in another.
    packed = helm("package", str(chart), "--destination", str(umbrella / "charts"))
    assert packed.returncode == 0, packed.stderr
    version = yaml.safe_load((chart / "Chart.yaml").read_text("utf-8"))["version"]
    (umbrella / "Chart.yaml").write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v2",
                "name": "umbrella",
                "version": "1.0.0",
                "dependencies": [
                    {"name": "runops-operator", "version": version, "condition": "runops-operator.enabled"}
                ],
            }
        ),
        "utf-8",
    )
    values = {
        "global": {"imageRegistry": "mirror.example.com", "imagePullSecrets": ["mirror"], "postgresql": {"auth": {}}},
        "runops-operator": {"enabled": True, "maxConcurrent": 3},
    }
    (umbrella / "values.yaml").write_text(yaml.safe_dump(values), "utf-8")

    shown = helm("template", "release", str(umbrella))
    assert shown.returncode == 0, shown.stderr
    deployments = [item for item in yaml.safe_load_all(shown.stdout) if item and item["kind"] == "Deployment"]
    pod = deployments[0]["spec"]["template"]["spec"]
    assert pod["containers"][0]["image"].startswith("mirror.example.com/runops/runops-operator:")
    assert pod["imagePullSecrets"] == [{"name": "mirror"}]

    hidden = helm("template", "release", str(umbrella), "--set", "runops-operator.enabled=false")
    assert hidden.returncode == 0, hidden.stderr
    assert "Deployment" not in hidden.stdout


@pytest.mark.parametrize(
    ("repository", "expected"),
    [
        ("runops/worker", "mirror.example.com/runops/worker@"),
        ("worker", "mirror.example.com/worker@"),
        ("registry.example.com/team/worker", "mirror.example.com/team/worker@"),
        ("localhost/worker", "mirror.example.com/worker@"),
        ("registry:5000/worker", "mirror.example.com/worker@"),
    ],
)
def test_mirror_takes_the_place_of_a_registry_and_the_digest_that_of_a_tag(
    repository: str, expected: str, render: Callable[..., Any]
) -> None:
    digest = f"sha256:{'0123456789abcdef' * 4}"
    rendered = render(
        *("--set", "global.imageRegistry=mirror.example.com", "--set", f"worker.image.repository={repository}"),
        *("--set", f"worker.image.digest={digest}", "--set", "worker.image.tag=v7"),
    )

    config = yaml.safe_load(rendered.of("ConfigMap", ending="runops-operator")["data"]["operator.yaml"])
    assert config["worker"]["image"] == expected + digest


def test_prompt_that_the_chart_lacks_is_refused_with_those_it_has(helm: Callable[..., Any], chart: Path) -> None:
    done = helm("template", "runops-operator", str(chart), "--set", "prompts.sop=sop_parser_v99.md")

    assert done.returncode != 0
    assert "sop_parser_v99.md" in done.stderr
    assert "sop_parser_v0.7.md" in done.stderr


def test_local_images_come_by_repository_and_tag(render: Callable[..., Any]) -> None:
    rendered = render(
        *("--set", "image.repository=runops.local/operator", "--set-string", "image.tag=0123"),
        *("--set", "worker.image.repository=runops.local/worker", "--set-string", "worker.image.tag=4567"),
    )

    container = rendered.of("Deployment")["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == "runops.local/operator:0123"
    assert "runops.local/worker:4567" in rendered.of("ConfigMap", ending="runops-operator")["data"]["operator.yaml"]


class _Strict(yaml.SafeLoader):
    """Refuses what Flux and kustomize refuse: the same key twice in one object."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"a key stands twice: {sorted(keys)}"
        return super().construct_mapping(node, deep)


@pytest.mark.parametrize("monitor", ["serviceMonitor", "podMonitor"])
def test_labels_of_the_values_that_meet_the_charts_own(
    monitor: str, helm: Callable[..., Any], chart: Path, tmp_path: Path
) -> None:
    own = {f"app.kubernetes.io/{key}": "mine" for key in ("part-of", "managed-by")}
    labels = {**own, "helm.sh/chart": "mine", "grafana_dashboard": "mine", "example.com/team": "video"}
    labels |= {f"rbac.authorization.k8s.io/aggregate-to-{role}": "mine" for role in ("view", "edit", "admin")}
    shown = {"enabled": True, "renderMode": "alwaysRender", "labels": labels}
    given = {
        "commonLabels": labels,
        "podLabels": {**labels, "app.kubernetes.io/part-of": "pods"},
        "podAnnotations": {"checksum/config": "mine", "example.com/note": "mine"},
        "metrics": {monitor: shown, "prometheusRule": shown, "dashboard": {"enabled": True}},
        "networkPolicy": {"enabled": True},
        "admissionPolicy": {"enabled": True},
    }
    values = tmp_path / "values.yaml"
    values.write_text(yaml.safe_dump(given), "utf-8")

    done = helm("template", "release", str(chart), "--values", str(values))

    assert done.returncode == 0, done.stderr
    read = [item for item in yaml.load_all(done.stdout, _Strict) if item]
    manifests = [item for item in read if item["kind"] != "CustomResourceDefinition"]
    for item in manifests:
        said = item["metadata"]["labels"]
        assert said["app.kubernetes.io/instance"] == "release", item["kind"]
        assert said["app.kubernetes.io/name"] == "runops-operator", item["kind"]
        assert (said["app.kubernetes.io/part-of"], said["example.com/team"]) == ("mine", "video"), item["kind"]
    by_kind = {item["kind"]: item for item in manifests}
    pod = by_kind["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert pod["app.kubernetes.io/part-of"] == "pods"
    notes = by_kind["Deployment"]["spec"]["template"]["metadata"]["annotations"]
    assert (notes["checksum/config"] != "mine", notes["example.com/note"]) == (True, "mine")
    for selector in (
        by_kind["Deployment"]["spec"]["selector"]["matchLabels"],
        by_kind["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        by_kind["Service"]["spec"]["selector"],
    ):
        assert selector.items() <= pod.items()
    if monitor == "serviceMonitor":
        selector = by_kind["ServiceMonitor"]["spec"]["selector"]["matchLabels"]
        assert selector.items() <= by_kind["Service"]["metadata"]["labels"].items()
    by_name = {item["metadata"]["name"]: item["metadata"]["labels"] for item in manifests}
    assert by_name["default-release-runops-operator-view"]["rbac.authorization.k8s.io/aggregate-to-view"] == "true"
    assert by_name["release-runops-operator-dashboard"]["grafana_dashboard"] == "1"


@pytest.mark.parametrize(
    ("value", "key"),
    [
        *(("commonLabels", f"app.kubernetes.io/{key}") for key in ("name", "instance", "component")),
        ("podLabels", "app.kubernetes.io/component"),
        ("worker.labels", "app.kubernetes.io/name"),
        ("worker.labels", "batch.kubernetes.io/job-name"),
        ("worker.jobLabels", "app.kubernetes.io/managed-by"),
        ("worker.jobLabels", "kueue.x-k8s.io/queue-name"),
        ("worker.jobLabels", "runops.dev/videojob"),
        ("commonLabels", "runops.dev/job-id"),
        *((f"{value}nnotations", "runops.dev/claim") for value in ("commonA", "podA", "worker.a", "worker.jobA")),
        ("commonAnnotations", "helm.sh/hook"),
    ],
)
def test_labels_by_which_objects_are_found_are_refused_by_name(
    value: str, key: str, helm: Callable[..., Any], chart: Path
) -> None:
    escaped = key.replace(".", r"\.")
    done = helm("template", "runops-operator", str(chart), "--set-string", f"{value}.{escaped}=mine")

    assert done.returncode != 0
    assert f"{value} sets {key}, by which the release and its objects are handled" in done.stderr


def test_common_labels_and_annotations_reach_every_object(render: Callable[..., Any], full_values: Path) -> None:
    rendered = render("--values", str(full_values), "--set", "admissionPolicy.enabled=true,rbac.aggregateRoles=true")
    objects = [item for item in rendered.manifests if not item["metadata"]["name"].endswith(("-mine", "-too"))]
    template = rendered.of("Deployment")["spec"]["template"]

    assert {"Pod", "ConfigMap", "Deployment", "ValidatingAdmissionPolicyBinding"} <= {item["kind"] for item in objects}
    for item in (*objects, template):
        metadata = item["metadata"]
        assert metadata["labels"]["example.com/owner"] == "platform", metadata
        assert metadata["annotations"]["example.com/contact"] == "platform@example.com", metadata


def test_annotations_of_the_charts_own_win(render: Callable[..., Any]) -> None:
    rendered = render("--set-string", "commonAnnotations.checksum/config=mine,podAnnotations.checksum/config=mine")

    checksum = rendered.of("Deployment")["spec"]["template"]["metadata"]["annotations"]["checksum/config"]
    assert len(checksum) == 64


def test_a_release_may_have_a_number_for_a_name(helm: Callable[..., Any], chart: Path) -> None:
    done = helm("template", "123", str(chart))

    assert done.returncode == 0, done.stderr
    for item in yaml.safe_load_all(done.stdout):
        if item and item["kind"] != "CustomResourceDefinition":
            assert all(isinstance(text, str) for text in item["metadata"]["labels"].values()), item["kind"]


def _paths(value: Any, above: str = "") -> Iterator[str]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _paths(item, f"{above}.{key}")
    else:
        yield above


def test_full_values_of_these_tests_set_every_value(chart: Path, full_values: Path) -> None:
    defaults = yaml.safe_load((chart / "values.yaml").read_text("utf-8"))
    given = yaml.safe_load(full_values.read_text("utf-8"))

    # What cannot stand beside another value that is set, or has its own test.
    left_out = {
        *(".nameOverride", ".image.tag", ".worker.image.digest", ".rbac.create", ".admissionPolicy.enabled"),
        *(".serviceAccount.create", ".worker.serviceAccount.create", ".namespaced", ".prompts.files"),
        *(".networkPolicy.flavor", ".metrics.service.enabled", ".caBundle.secret", ".ui.behindProxy"),
        *(path for path in _paths(defaults) if path.startswith((".networkPolicy.cilium.", ".metrics.podMonitor."))),
        *(".worker.annotations.cluster-autoscaler.kubernetes.io/safe-to-evict",),
        *(".worker.annotations.karpenter.sh/do-not-disrupt",),
    }
    set_paths = set(_paths(given))
    missing = {
        path
        for path in _paths(defaults)
        if path not in set_paths and not any(given_path.startswith((f"{path}.",)) for given_path in set_paths)
    }
    assert missing == left_out
