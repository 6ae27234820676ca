"""The operator with its clock moved: `python -m tests.apiserver.shifted_operator SECONDS`.

Only what its decisions and its view of the server's clock are made of is moved; waiting is not.
"""

import sys
from datetime import datetime, timedelta, tzinfo

from runops.supabase import http_client
from runops_operator import assembly
from runops_operator.main import run
from runops_operator.reconcile import reconciler

_AHEAD = timedelta(seconds=float(sys.argv.pop()))


class Shifted(datetime):
    """A clock that is wrong."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) + _AHEAD


for module in (http_client, assembly, reconciler):
    module.datetime = Shifted  # type: ignore[attr-defined]

if __name__ == "__main__":
    run()
