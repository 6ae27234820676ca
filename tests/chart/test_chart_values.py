import json
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
        ("maxConcurrent=0", "maxConcurrent"),
        ("maxConcurrent=many", "maxConcurrent"),
        ("logLevel=LOUD", "logLevel"),
        ("image.digest=latest", "digest"),
        ("transcode.height=721", "height"),
        ("health.port=80", "port"),
        ("worker.resources.requests.memory=lots", "memory"),
        ("extraEnv[0].value=x", "extraEnv"),
    ],
)
def test_wrong_value_is_refused_by_name(setting: str, named: str, helm: Callable[..., Any], chart: Path) -> None:
    done = helm("template", "runops-operator", str(chart), "--set", setting)

    assert done.returncode != 0
    assert "schema" in done.stderr
    assert named in done.stderr


def test_values_of_an_umbrella_chart_are_accepted(render: Callable[..., Any]) -> None:
    rendered = render("--set", "global.imageRegistry=registry.example.com", "--set", "enabled=true")

    assert rendered.of("Deployment")


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


def _paths(value: Any, above: str = "") -> Iterator[str]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _paths(item, f"{above}.{key}")
    else:
        yield above


def test_schema_and_defaults_name_the_same_values(chart: Path) -> None:
    schema = json.loads((chart / "values.schema.json").read_text("utf-8"))
    values = yaml.safe_load((chart / "values.yaml").read_text("utf-8"))

    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) == set(values) | {"global", "enabled"}


def test_full_values_of_these_tests_set_every_value(chart: Path, full_values: Path) -> None:
    defaults = yaml.safe_load((chart / "values.yaml").read_text("utf-8"))
    given = yaml.safe_load(full_values.read_text("utf-8"))

    # What cannot stand beside another value that is set, or has its own test.
    left_out = {
        *(".nameOverride", ".image.tag", ".worker.image.digest", ".rbac.create", ".admissionPolicy.enabled"),
        *(".serviceAccount.create", ".worker.serviceAccount.create"),
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
