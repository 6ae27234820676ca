"""`make bench`: run every benchmark and print one table; each promise stands beside its limit or rival."""

import argparse
import importlib
import signal
import sys
from functools import partial

from benchmarks.benchmark import Outcome
from benchmarks.measurement import Measurement, table
from benchmarks.results_file import keep

_ALL = (
    *("claim_latency", "burst", "keda", "many_videojobs", "growth", "transcode", "transcode_contents"),
    *("worker_memory", "first_byte", "cancel", "end_to_end", "autoscaling", "unruly_model", "quota"),
    *("leaderless", "shared_table", "footprint", "time_left", "request_tokens", "queue_page", "procedure_page"),
)


def main() -> int:
    """Run the benchmarks that were named, or all; with `--check`, return 1 where a promise was not kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which (default: all): {', '.join(_ALL)}")
    parser.add_argument("--runs", type=int, default=5, help="runs of ours and of the rival, in turn (default: 5)")
    parser.add_argument("--check", action="store_true", help="end with code 1 where a ratio is above its bound")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(_ALL):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(_ALL)}")
    # SIGTERM as Ctrl-C: what was started is ended.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    results: list[Measurement] = []
    for name in arguments.names or _ALL:
        print(f"== {name}", file=sys.stderr)
        outcome: Outcome = importlib.import_module(f"benchmarks.{name}").measure(
            runs=arguments.runs, progress=partial(print, "  ", file=sys.stderr)
        )
        keep(name, outcome.results, details=outcome.details)
        results += outcome.results
        print(table(outcome.results), file=sys.stderr)
    print(table(results))
    return 1 if arguments.check and not all(result.kept for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
