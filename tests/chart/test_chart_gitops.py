"""What Argo CD and Flux need of the chart: no dependence on a cluster, hooks, what is kept, and examples."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

_CHECKOUT = Path(__file__).parents[2]
_EXAMPLES = ("deploy/argocd/application.yaml", "deploy/flux/helmrelease.yaml")
_SCHEMAS = json.loads((Path(__file__).parent / "schemas" / "gitops.json").read_text("utf-8"))
_OF_A_MOMENT = re.compile(
    r"\b(lookup|rand\w+|gen\w+|now|date\w*|uuidv4|derivePassword|getHostByName|htpasswd|bcrypt|encryptAES)\b"
    r"|\.Release\.(IsInstall|IsUpgrade|Revision)"
)
_KEPT = {"helm.sh/resource-policy": "keep", "argocd.argoproj.io/sync-options": "Prune=false,Delete=false"}

Manifest = dict[str, Any]


def _examples() -> list[Manifest]:
    return [item for name in _EXAMPLES for item in yaml.safe_load_all((_CHECKOUT / name).read_text("utf-8"))]


def _of_a_moment(template: str) -> list[str]:
    """Return what in a template differs from one rendering to the next."""
    actions = re.findall(r"\{\{-?(?!\s*/\*)(.*?)-?\}\}", template, re.DOTALL)
    without_texts = (re.sub(r'"(?:[^"\\]|\\.)*"', "", action) for action in actions)
    return [found[0] for action in without_texts for found in _OF_A_MOMENT.finditer(action)]


def test_what_is_rendered_depends_on_values_alone(chart: Path) -> None:
    templates = [path for path in (chart / "templates").rglob("*") if path.suffix in {".yaml", ".tpl", ".txt"}]
    assert len(templates) > 15
    found = {path.name: found for path in templates if (found := _of_a_moment(path.read_text("utf-8")))}
    assert found == {}
    assert _of_a_moment('{{ lookup "v1" "Secret" .Release.Namespace "x" }}{{ if .Release.IsUpgrade }}') == [
        "lookup",
        ".Release.IsUpgrade",
    ]


def test_a_foreign_kind_is_rendered_where_the_cluster_is_said_to_have_it(render: Callable[..., Any]) -> None:
    wanted = ("--set", "metrics.serviceMonitor.enabled=true")
    without, told = render(*wanted), render(*wanted, "--api-versions", "monitoring.coreos.com/v1/ServiceMonitor")
    assert {item["kind"] for item in told.manifests} - {item["kind"] for item in without.manifests} == {
        "ServiceMonitor"
    }


def test_the_only_hook_is_one_that_argo_cd_ignores(render: Callable[..., Any], full_values: Path) -> None:
    for rendered in (render(), render("--values", str(full_values))):
        hooks = [
            (item["kind"], annotations["helm.sh/hook"])
            for item in rendered.manifests
            if "helm.sh/hook" in (annotations := item["metadata"].get("annotations", {}))
        ]
        assert hooks == [("Pod", "test")]


def test_what_videos_need_is_neither_pruned_nor_deleted(render: Callable[..., Any]) -> None:
    kept = {
        item["kind"]: annotations
        for item in render().manifests
        if "helm.sh/resource-policy" in (annotations := item["metadata"].get("annotations", {}))
    }
    # Without the last one, an Application with earlier prompts would be out of sync for ever.
    prompts = {**_KEPT, "argocd.argoproj.io/compare-options": "IgnoreExtraneous"}
    assert kept == {"CustomResourceDefinition": _KEPT, "ConfigMap": prompts}


@pytest.mark.parametrize("example", _examples(), ids=lambda item: str(item["kind"]))
def test_the_examples_have_the_form_of_their_kinds(example: Manifest) -> None:
    schema = {"$ref": f"#/definitions/{example['kind']}", "definitions": _SCHEMAS["definitions"]}
    jsonschema.validate(example, schema)
    misspelt = {**example, "spec": {**example["spec"], "intervall": "1m"}}
    with pytest.raises(jsonschema.ValidationError, match="intervall"):
        jsonschema.validate(misspelt, schema)


def test_the_examples_name_this_version_and_values_that_the_chart_takes(
    render: Callable[..., Any], chart: Path, tmp_path: Path
) -> None:
    application, repository, release = _examples()
    version = yaml.safe_load((chart / "Chart.yaml").read_text("utf-8"))["version"]
    assert application["spec"]["source"]["targetRevision"] == repository["spec"]["ref"]["tag"] == version
    for values in (application["spec"]["source"]["helm"]["valuesObject"], release["spec"]["values"]):
        given = tmp_path / "values.yaml"
        given.write_text(yaml.safe_dump(values), "utf-8")
        container = render("--values", str(given)).of("Deployment")["spec"]["template"]["spec"]["containers"][0]
        assert container["image"] == f"registry.example.com/runops-operator:{version}"
