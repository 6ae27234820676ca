"""The alerts as the chart renders them, in Prometheus' own rule engine; their runbooks; the dashboard's syntax."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
import yaml

from devstack.cluster import ensure
from runops.failures import TABLE, FailureClass

_HERE = Path(__file__).parent
_RUNBOOKS = _HERE.parents[1] / "docs" / "runbooks"
_UNIT_TESTS = _HERE / "alerts_test.yaml"
_RULES = "metrics.prometheusRule.enabled=true,metrics.prometheusRule.renderMode=alwaysRender"

# promtool is built in a minute and a half, once.
pytestmark = pytest.mark.timeout(1800)


def _promtool(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [str(ensure("promtool")), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def rules(render: Callable[..., Any]) -> dict[str, Any]:
    spec: dict[str, Any] = render("--set", _RULES).of("PrometheusRule")["spec"]
    return spec


def _alerts(rules: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {rule["alert"]: rule for group in rules["groups"] for rule in group["rules"]}


def test_alerts_fire_when_they_should_and_only_then(rules: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(rules), "utf-8")
    copyfile(_UNIT_TESTS, tmp_path / _UNIT_TESTS.name)

    done = _promtool("test", "rules", str(tmp_path / _UNIT_TESTS.name))

    assert done.returncode == 0, done.stdout + done.stderr


def test_an_alert_that_never_fires_would_be_noticed(rules: dict[str, Any], tmp_path: Path) -> None:
    unit_tests = yaml.safe_load(_UNIT_TESTS.read_text("utf-8"))
    for name, rule in _alerts(rules).items():
        impossible = {**rule, "expr": f"({rule['expr']}) and vector(1) > 2"}
        changed = [impossible if other is rule else other for other in _alerts(rules).values()]
        groups = [{"name": "all but one, which asks for the impossible", "rules": changed}]
        (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": groups}), "utf-8")
        # A case that does not look at this alert cannot notice it, and evaluating all cases takes a second.
        looking = [case for case in unit_tests["tests"] if name in _alerts_looked_at(case)]
        (tmp_path / _UNIT_TESTS.name).write_text(yaml.safe_dump({**unit_tests, "tests": looking}), "utf-8")

        done = _promtool("test", "rules", str(tmp_path / _UNIT_TESTS.name))

        assert done.returncode != 0, name
        assert f"alertname: {name}," in done.stdout + done.stderr


def _alerts_looked_at(case: dict[str, Any]) -> set[str]:
    return {look["alertname"] for look in case["alert_rule_test"]}


def test_every_alert_is_shown_firing_and_silent() -> None:
    cases = [
        case for test in yaml.safe_load(_UNIT_TESTS.read_text("utf-8"))["tests"] for case in test["alert_rule_test"]
    ]
    firing = {case["alertname"] for case in cases if case["exp_alerts"]}
    silent = {case["alertname"] for case in cases if not case["exp_alerts"]}

    names = {path.stem for path in _RUNBOOKS.glob("Runops*.md")}
    assert firing == names
    # Of watch errors, a second series in the same case stays silent.
    assert silent == names - {"RunopsWatchErrors"}


def test_every_alert_says_how_bad_it_is_what_it_means_and_where_to_look(rules: dict[str, Any]) -> None:
    alerts = _alerts(rules)

    assert set(alerts) == {path.stem for path in _RUNBOOKS.glob("Runops*.md")}
    for name, rule in alerts.items():
        assert rule["labels"]["severity"] in {"critical", "warning"}, name
        assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}, name
        assert rule["annotations"]["runbook_url"] == f"docs/runbooks/{name}.md"
        assert rule["for"], name


def test_runbooks_have_meaning_checks_and_remedy() -> None:
    for path in _RUNBOOKS.glob("Runops*.md"):
        text = path.read_text("utf-8")
        assert text.startswith(f"# {path.stem}\n"), path.name
        assert re.findall(r"(?m)^## (.+)$", text) == ["Meaning", "Check first", "Remedy"], path.name


def test_commands_of_runbooks_hold_for_a_release_of_any_name() -> None:
    """Only where it contains the chart's name is a release's name that of its objects; their label always has it."""
    for path in _RUNBOOKS.glob("Runops*.md"):
        for command in re.findall(r"kubectl [^`\n]+", path.read_text("utf-8")):
            assert "RELEASE" not in command.replace("app.kubernetes.io/instance=RELEASE", ""), path.name


def test_runbooks_name_every_reason_that_a_key_can_have(rules: dict[str, Any]) -> None:
    alerts = _alerts(rules)
    key = re.search(r'reason=~"([^"]+)"', alerts["RunopsKeyRejected"]["expr"])
    other = re.search(r'reason!~"([^"]+)"', alerts["RunopsIntakePaused"]["expr"])
    assert key is not None
    assert other is not None
    assert key[1] == other[1], "what is not the one is the other"

    for failure in TABLE.values():
        of_a_key = failure.failure_class is FailureClass.KEY
        assert bool(re.fullmatch(key[1], failure.reason)) == of_a_key, failure.reason
    assert re.fullmatch(key[1], "SupabaseKeyRejected")


def test_queries_of_the_dashboard_are_promql(chart: Path, tmp_path: Path) -> None:
    dashboard = json.loads((chart / "files" / "dashboard.json").read_text("utf-8"))
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    rules = [
        {"record": f"panel:{number}", "expr": query.replace("$__rate_interval", "5m")}
        for number, query in enumerate(queries)
    ]
    path = tmp_path / "dashboard.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}), "utf-8")

    done = _promtool("check", "rules", str(path))

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(queries)} rules found" in done.stdout


def test_panels_do_not_lie_over_each_other(chart: Path) -> None:
    dashboard = json.loads((chart / "files" / "dashboard.json").read_text("utf-8"))
    taken: dict[tuple[int, int], str] = {}
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in taken, f"{panel['title']} lies over {taken[(x, y)]}"
                taken[(x, y)] = panel["title"]
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
