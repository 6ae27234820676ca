"""Every scenario by name, with its numbers: long for `make chaos`, short for the tests."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any

from devstack.operator_runs.installation import Installation
from tests.chaos.gemini_outage import gemini_outage
from tests.chaos.operator_kills import operator_kills
from tests.chaos.outages import OUTAGES, outage
from tests.chaos.real_run import installed
from tests.chaos.record import Record
from tests.chaos.rival import rival
from tests.chaos.shared_fault import MODEL_GONE, OVERLOADED
from tests.chaos.site import Site
from tests.chaos.two_installations import two_installations
from tests.chaos.worker_kills import worker_kills

__all__ = ["GEMINI", "SHORT_WORKER_KILLS", "Options", "Scenario", "scenarios"]

SHORT_WORKER_KILLS = 5
"""Rows of `worker-kills` in its short form: each worker is a real pod and costs several CPU seconds."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What can be chosen for all scenarios.

    Attributes
    ----------
    short
        The small numbers.
    seed
        From which everything random is drawn.
    rows
        How many, in place of the scenario's own number.
    replicas
        Of the operator, where workers are light.
    hangs
        Whether some workers hang where operators are killed.
    """

    short: bool
    seed: int = 1
    rows: int | None = None
    replicas: int = 2
    hangs: bool = True

    @property
    def away_seconds(self) -> float:
        """How long something is away."""
        return 8.0 if self.short else 60.0

    def number(self, *, long: int, short: int) -> int:
        """Return how many rows a scenario has."""
        return self.rows or (short if self.short else long)


@dataclass(frozen=True)
class Scenario:
    """One scenario: what it says of itself, and how it is run."""

    says: str
    run: Callable[[Site, Options], Coroutine[Any, Any, Record]]


async def _operator_kills(site: Site, options: Options) -> Record:
    return await operator_kills(
        site,
        rows=options.number(long=500, short=24),
        seed=options.seed,
        replicas=options.replicas,
        hangs=options.hangs and not options.short,
        setbacks=1 if options.short else 2,
    )


async def _worker_kills(site: Site, options: Options) -> Record:
    with installed(site) as installation:
        return await worker_kills(
            site,
            installation,
            rows=options.number(long=200, short=SHORT_WORKER_KILLS),
            seed=options.seed,
            worker_seconds=8.0 if options.short else 20.0,
        )


async def _gemini_outage(name: str, site: Site, options: Options) -> Record:
    rows = options.number(long=12, short=3)
    with installed(site) as installation:
        return await GEMINI[name](site, installation, options, rows)


async def _gemini_away(site: Site, installation: Installation, options: Options, rows: int) -> Record:
    return await gemini_outage(site, installation, rows=rows, seconds=options.away_seconds, seed=options.seed)


async def _model_gone(site: Site, installation: Installation, options: Options, rows: int) -> Record:
    return await gemini_outage(
        site,
        installation,
        rows=rows,
        # A worker asks for its model at its start, so the fault is met at once.
        seconds=20.0 if options.short else 180.0,
        seed=options.seed,
        name="Model gone",
        fault=MODEL_GONE,
    )


async def _gemini_overloaded(site: Site, installation: Installation, options: Options, rows: int) -> Record:
    return await gemini_outage(
        site,
        installation,
        rows=rows,
        # Half an hour of real time. The short form lasts longer than a worker asks again by itself.
        seconds=90.0 if options.short else 1800.0,
        seed=options.seed,
        name="Gemini overloaded",
        fault=OVERLOADED,
    )


GEMINI = {"gemini-away": _gemini_away, "model-gone": _model_gone, "gemini-overloaded": _gemini_overloaded}
"""What happens to Gemini, with real workers asking it."""


async def _two_installations(site: Site, options: Options) -> Record:
    rows = options.number(long=200, short=30)
    return await two_installations(site, rows=rows, seed=options.seed)


async def _outage(away: str, site: Site, options: Options) -> Record:
    rows = options.number(long=60, short=8)
    return await outage(
        site, away=away, seconds=options.away_seconds, rows=rows, seed=options.seed, replicas=options.replicas
    )


async def _rival(site: Site, options: Options) -> Record:
    rows = options.number(long=100, short=20)
    return await rival(site, rows=rows, seed=options.seed, replicas=options.replicas)


def scenarios() -> dict[str, Scenario]:
    """Return all scenarios in the order in which they are run."""
    away = {
        name.lower().replace(" ", "-"): Scenario(f"{name} for a minute, rows in flight", partial(_outage, name))
        for name in OUTAGES
    }
    return {
        "operator-kills": Scenario("replicas of the operator die by SIGKILL every five seconds", _operator_kills),
        "worker-kills": Scenario("real pods, their workers die by SIGKILL at random moments", _worker_kills),
        **away,
        "gemini-away": Scenario(
            "Gemini away for a minute, real workers asking it", partial(_gemini_outage, "gemini-away")
        ),
        "model-gone": Scenario(
            "the model is retired, and put back after three minutes", partial(_gemini_outage, "model-gone")
        ),
        "gemini-overloaded": Scenario(
            "Gemini answers 503 for half an hour", partial(_gemini_outage, "gemini-overloaded")
        ),
        "two-installations": Scenario(
            "two installations on one table, one of them killed for good", _two_installations
        ),
        "rival-consumer": Scenario("the old worker consumes the same table", _rival),
    }
