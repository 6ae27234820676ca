"""docs/metrics.md is what the operator really exposes."""

from pathlib import Path

from runops_operator.observability.metrics import Metrics
from runops_operator.observability.metrics_page import descriptions, page

_PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


def test_the_page_of_metrics_is_the_generated_one() -> None:
    assert _PAGE.read_text("utf-8") == page(), "run `make metrics`"


def test_every_metric_is_described() -> None:
    described = {one.name for one in descriptions()}
    exposed = {line.split()[2] for line in Metrics().text().decode().splitlines() if line.startswith("# TYPE")}
    assert {name for name in exposed if not name.endswith("_created")} == described
