"""Whether each loop works, asked when the metrics are read."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

__all__ = ["LoopCollector"]


class LoopCollector(Collector):
    """Turns the heartbeats into a metric.

    Attributes
    ----------
    look
        Returns for each loop whether it works.
    """

    def __init__(self) -> None:
        self.look: Callable[[], Mapping[str, bool]] = dict

    def describe(self) -> Iterable[Metric]:
        """Return the metric without its values."""
        return self._families({})

    def collect(self) -> Iterable[Metric]:
        """Return the metric."""
        return self._families(self.look())

    def _families(self, working: Mapping[str, bool]) -> Iterator[Metric]:
        family = GaugeMetricFamily(
            "runops_loop_working",
            "1 for each loop that takes its turns and whose turns work, 0 for one that stands still or has failed for "
            "30 s.",
            labels=["loop"],
        )
        for name, works in working.items():
            family.add_metric([name], 1 if works else 0)
        yield family
