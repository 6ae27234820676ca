"""Every metric that an alert or the dashboard asks for is one that the operator has, with those labels."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import runops_operator.main as main_module
from runops.failures import TABLE, FailureClass, Reason
from runops_operator.observability.metrics_page import descriptions

_DESCRIPTIONS = descriptions()
COUNTERS_AND_GAUGES = {one.name: set(one.labels) for one in _DESCRIPTIONS if one.kind != "histogram"}
HISTOGRAMS = {one.name: set(one.labels) for one in _DESCRIPTIONS if one.kind == "histogram"}

_OF_THE_TARGET = {"namespace", "pod", "instance", "job", "service", "container", "endpoint"}
"""Labels that Prometheus adds."""

SERIES = {
    **COUNTERS_AND_GAUGES,
    **{f"{name}_bucket": labels | {"le"} for name, labels in HISTOGRAMS.items()},
    **{f"{name}_{part}": labels for name, labels in HISTOGRAMS.items() for part in ("sum", "count")},
}

_SELECTOR = re.compile(r"\b(runops_\w+)(?:\{([^}]*)\})?")
_MATCHER = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"')
_GROUPING = re.compile(r"\bby\s*\(([^)]*)\)\s*\(")
_JOINING = re.compile(r"\bon\s*\(([^)]*)\)")


def _inside(text: str, start: int) -> str:
    """Return what is between the parenthesis at `start` and its partner."""
    depth = 0
    for position in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        if depth == 0:
            return text[start + 1 : position]
    raise AssertionError(f"a parenthesis without partner: {text}")


def complaints(query: str, legend: str = "") -> list[str]:
    """Return what is wrong with the names in a query, and with the labels that its legend shows."""
    found = []
    for name, matchers in _SELECTOR.findall(query):
        if name not in SERIES:
            found.append(f"no metric {name}")
            continue
        known = SERIES[name] | _OF_THE_TARGET
        found += [f"{name} has no label {label}" for label in _MATCHER.findall(matchers) if label not in known]
    for grouping in _GROUPING.finditer(query):
        inner = _inside(query, grouping.end() - 1)
        names = [name for name, _ in _SELECTOR.findall(inner) if name in SERIES]
        labels = {label.strip() for label in grouping[1].split(",")}
        for name in names:
            found += [f"{name} has no label {label}" for label in labels - SERIES[name] - _OF_THE_TARGET]
    kept = {label.strip() for grouping in _GROUPING.finditer(query) for label in grouping[1].split(",")}
    joined = {label.strip() for joining in _JOINING.finditer(query) for label in joining[1].split(",")}
    found += [f"joined on {label}, which is summed away" for label in joined - kept]
    shown = re.findall(r"\{\{(\w+)\}\}", legend)
    found += [f"the legend shows {label}, which is summed away" for label in shown if label not in kept]
    return found


def _dashboard(chart: Path) -> Iterator[tuple[str, str]]:
    dashboard = json.loads((chart / "files" / "dashboard.json").read_text("utf-8"))
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield target["expr"], target["legendFormat"]


@pytest.fixture
def alerts(render: Callable[..., Any]) -> list[str]:
    chosen = "metrics.prometheusRule.enabled=true,metrics.prometheusRule.renderMode=alwaysRender"
    groups = render("--set", chosen).of("PrometheusRule")["spec"]["groups"]
    return [rule["expr"] for group in groups for rule in group["rules"]]


def test_alerts_ask_for_metrics_that_exist(alerts: list[str]) -> None:
    assert len(alerts) == 14
    for query in alerts:
        assert _SELECTOR.search(query), query
        assert complaints(query) == [], query


def test_the_alert_for_a_bad_key_knows_every_reason_of_one(chart: Path) -> None:
    text = (chart / "files" / "alerts.yaml").read_text("utf-8")
    found = re.findall(r'runops_intake_paused\{reason(=~|!~)"([^"]+)"', text)
    assert {comparison for comparison, _ in found} == {"=~", "!~"}
    assert len({reasons for _, reasons in found}) == 1, "each pause is told by one alert"
    bad_key = found[0]
    keys = {reason for reason, failure in TABLE.items() if failure.failure_class is FailureClass.KEY}
    assert {reason for reason in Reason if re.fullmatch(bad_key[1], reason)} == keys


def test_loops_that_only_show_the_work_have_no_alert(chart: Path) -> None:
    """The operator tells which they are by starting them beside the others."""
    main = Path(main_module.__file__).read_text("utf-8")
    beside = set(re.findall(r'loops\.start_beside\(\s*"([^"]+)"', main))
    left_out = re.findall(r'loop!~"([^"]+)"', (chart / "files" / "alerts.yaml").read_text("utf-8"))
    assert left_out
    assert {frozenset(names.split("|")) for names in left_out} == {frozenset(beside)}


def test_the_alerts_are_tested_with_series_as_the_operator_exports_them() -> None:
    """Each series of the tests has the labels that the operator gives it, and those that Prometheus adds."""
    cases = yaml.safe_load((Path(__file__).parent / "alerts_test.yaml").read_text("utf-8"))["tests"]
    series = [one["series"] for case in cases for one in case["input_series"]]
    assert len(series) > 60
    for text in series:
        (name, matchers), *_ = _SELECTOR.findall(text)
        labels = set(_MATCHER.findall(matchers))
        assert labels - _OF_THE_TARGET == SERIES[name], text
        assert labels & _OF_THE_TARGET == {"namespace", "pod"}, text


def test_dashboard_asks_for_metrics_that_exist(chart: Path) -> None:
    queries = list(_dashboard(chart))

    assert len(queries) > 25
    for query, legend in queries:
        assert _SELECTOR.search(query), query
        assert complaints(query, legend) == [], query


def test_dashboard_variables_ask_for_metrics_that_exist(chart: Path) -> None:
    dashboard = json.loads((chart / "files" / "dashboard.json").read_text("utf-8"))
    queries = [item["definition"] for item in dashboard["templating"]["list"] if item["type"] == "query"]

    assert queries
    for query in queries:
        assert complaints(query) == []


def test_every_metric_is_shown_somewhere(chart: Path, alerts: list[str]) -> None:
    text = "\n".join([*alerts, *(query for query, _ in _dashboard(chart))])
    asked = {name for name, _ in _SELECTOR.findall(text)}

    unseen = {name for name in COUNTERS_AND_GAUGES if name not in asked}
    unseen |= {name for name in HISTOGRAMS if f"{name}_bucket" not in asked}
    assert not unseen, "a metric nobody looks at"


@pytest.mark.parametrize(
    ("query", "legend", "complaint"),
    [
        ("sum(runops_vidoes{})", "", "no metric runops_vidoes"),
        ('runops_leader{raeson="x"}', "", "runops_leader has no label raeson"),
        ("sum by (phase) (rate(runops_claims_total[5m]))", "", "runops_claims_total has no label phase"),
        ("rate(runops_stage_seconds[5m])", "", "no metric runops_stage_seconds"),
        (
            "sum by (model) (runops_model_calls_total)",
            "{{direction}}",
            "the legend shows direction, which is summed away",
        ),
        ("1 > 0 unless on (pod) max by (kind) (runops_queue_rows)", "", "runops_queue_rows has no label kind"),
        ("1 > 0 unless on (pod) max by (namespace) (runops_leader)", "", "joined on pod, which is summed away"),
    ],
)
def test_wrong_name_is_found(query: str, legend: str, complaint: str) -> None:
    assert complaint in complaints(query, legend)
