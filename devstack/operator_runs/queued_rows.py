"""The rows of a scenario: their users and the failures each is to meet. The same seed gives the same rows."""

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from devstack.light_worker import Fate
from devstack.operator_runs.observed_tables import Database

__all__ = ["Row", "fill_queue", "rows_of"]

_USERS = 5


@dataclass(frozen=True)
class Row:
    """One row: its id, its user, its fate."""

    job_id: str
    user_id: str
    fate: Fate | None = None

    @property
    def should_fail(self) -> bool:
        """Whether `error` is how this row has to end."""
        return self.fate is not None and self.fate.kind == "permanent"


def rows_of(scenario: str, count: int, *, seed: int, fates: Mapping[Fate, float] | None = None) -> list[Row]:
    """Draw the rows of a scenario.

    Parameters
    ----------
    scenario, seed
        What they are drawn from.
    count
        How many.
    fates
        The share of the rows that gets each fate; at least one row where there are rows enough.
    """
    chance = random.Random(f"{scenario}/{seed}")
    users = [str(_uuid(chance)) for _ in range(_USERS)]
    drawn: list[Fate | None] = [
        fate for fate, share in (fates or {}).items() for _ in range(max(1, round(share * count)))
    ]
    drawn = (drawn + [None] * count)[:count]
    chance.shuffle(drawn)
    return [Row(str(_uuid(chance)), chance.choice(users), fate) for fate in drawn]


def fill_queue(database: Database, rows: list[Row]) -> None:
    """Insert the rows, oldest first, a millisecond apart."""
    for user in sorted({row.user_id for row in rows}):
        database.run("insert into auth.users (id) values (%s) on conflict do nothing", (user,))
    values = [
        {
            "job_id": row.job_id,
            "metadata": {"user_id": row.user_id}
            | ({} if row.fate is None else {"fate": row.fate.model_dump(mode="json")}),
            "place": place,
        }
        for place, row in enumerate(rows)
    ]
    database.run(
        "insert into public.jobs (job_id, metadata, created_at) "
        "select (value ->> 'job_id')::uuid, value -> 'metadata', "
        "now() + (value ->> 'place')::int * interval '1 millisecond' "
        "from jsonb_array_elements(%s::jsonb)",
        (json.dumps(values),),
    )


def _uuid(chance: random.Random) -> UUID:
    return UUID(int=chance.getrandbits(128), version=4)
