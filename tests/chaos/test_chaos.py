"""The scenarios of `make chaos` with small numbers."""

import pytest

from devstack.operator_runs.installation import Installation
from tests.chaos.record import Record, table
from tests.chaos.scenarios import GEMINI, SHORT_WORKER_KILLS, Options, scenarios
from tests.chaos.site import Site
from tests.chaos.worker_kills import worker_kills

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(1800),
    pytest.mark.slow(
        "rows end while replicas, workers, the database and the API server are killed; outages last 8 s "
        "and are then recovered from"
    ),
]

_SHORT = Options(short=True)
_LIGHT = [name for name in scenarios() if name not in {"worker-kills", *GEMINI}]


def _assert_kept(record: Record) -> None:
    assert record.kept, table([record])


@pytest.mark.parametrize("name", _LIGHT)
async def test_every_row_ends_once_as_it_should(site: Site, name: str) -> None:
    _assert_kept(await scenarios()[name].run(site, _SHORT))


async def test_every_row_ends_once_though_real_workers_are_killed(site: Site, installation: Installation) -> None:
    _assert_kept(await worker_kills(site, installation, rows=SHORT_WORKER_KILLS, seed=_SHORT.seed, worker_seconds=8.0))


@pytest.mark.parametrize("name", sorted(GEMINI))
async def test_every_row_ends_once_though_gemini_answers_nobody(
    site: Site, installation: Installation, name: str
) -> None:
    _assert_kept(await GEMINI[name](site, installation, _SHORT, 3))
