"""`make chaos`: run every scenario and print one table; each promise is a column that has to hold zeros."""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from devstack.cluster import running_cluster
from tests.chaos.record import Record, table
from tests.chaos.scenarios import Options, Scenario, scenarios
from tests.chaos.site import Site, fresh_stack

_EPILOG = """\
Every row has to end once, as it should, with one transcript and one SOP; nothing that a checkpoint holds may be done
again, and nothing may be left over. The exit code is 1 where one of the last six columns is not 0. docs/chaos.md says
what each scenario does and how to read the table.
"""


def main() -> int:
    """Run the scenarios that were named, or all."""
    known = scenarios()
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos",
        description=__doc__,
        epilog=_EPILOG + "\nScenarios:\n" + "\n".join(f"  {name:20} {one.says}" for name, one in known.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="SCENARIO", help="which of those below (default: all)")
    parser.add_argument("--short", action="store_true", help="with the small numbers that the tests use")
    parser.add_argument("--seed", type=int, default=1, help="from which everything random is drawn (default: 1)")
    parser.add_argument("--rows", type=int, help="how many rows, in place of each scenario's own number")
    parser.add_argument("--replicas", type=int, default=2, help="of the operator, where workers are light (default: 2)")
    parser.add_argument("--logs", type=Path, help="an empty folder for the operators' logs, kept afterwards")
    parser.add_argument("--no-hangs", action="store_true", help="no worker hangs without a sign of life")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.names if name not in known]:
        parser.error(f"there is no scenario {unknown[0]!r}; there are {', '.join(known)}")
    options = Options(
        short=arguments.short,
        seed=arguments.seed,
        rows=arguments.rows,
        replicas=arguments.replicas,
        hangs=not arguments.no_hangs,
    )
    # SIGTERM as Ctrl-C: what was started is ended.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    chosen = [known[name] for name in arguments.names or known]
    records: list[Record] = []
    try:
        with _folder(arguments.logs) as folder:
            _run(chosen, options, folder, records)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; what was done until then:\n")
    sys.stdout.write(table(records) + "\n")
    return 0 if len(records) == len(chosen) and all(record.kept for record in records) else 1


@contextmanager
def _folder(wanted: Path | None) -> Iterator[Path]:
    if wanted is not None:
        wanted.mkdir(parents=True, exist_ok=True)
        yield wanted.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="runops-chaos-") as folder:
        yield Path(folder)


def _run(chosen: Sequence[Scenario], options: Options, folder: Path, records: list[Record]) -> None:
    name = f"chaos-{os.getpid()}"
    begun = time.monotonic()

    def progress(text: str) -> None:
        sys.stderr.write(f"{time.monotonic() - begun:6.0f} s  {text}\n")

    with running_cluster(name, progress=progress) as info:
        for scenario in chosen:
            # A stack for each: what one left in storage must be no checkpoint of another.
            with fresh_stack() as stack:
                record = asyncio.run(scenario.run(Site(info, stack, folder, progress), options))
            records.append(record)
            progress(f"{record.scenario}: {'kept' if record.kept else 'NOT KEPT'} after {record.seconds:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
