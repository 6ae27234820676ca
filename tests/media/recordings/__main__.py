"""Tries many recordings and prints what became of them.

    python -m tests.media.recordings --count 2000 --seed 7
    python -m tests.media.recordings --count 2000 --seed 7 --only 31

Ends with 1 if any of them is not shown and heard as a player does it.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections import Counter
from contextlib import closing

from tests.media.recordings.drawing import drawn
from tests.media.recordings.slim import Refused
from tests.media.recordings.tried import try_by_processes


def _run(arguments: argparse.Namespace) -> int:
    count, seed, only = arguments.count, arguments.seed, arguments.only
    began = time.monotonic()
    numbered = list(enumerate(drawn(count, number=seed)))
    chosen = numbered if only is None else numbered[only : only + 1]
    counts: Counter[str] = Counter()
    wrong = 0
    with closing(try_by_processes([recording for _, recording in chosen], processes=arguments.processes)) as results:
        for (number, _), tried in zip(chosen, results, strict=False):
            if tried.wrong:
                wrong += 1
                again = f"python -m tests.media.recordings --seed {seed} --count {count} --only {number}"
                _say("\n    ".join([f"{again}: {tried.recording}", *tried.wrong]))
                if arguments.first:
                    break
            elif isinstance(tried.result, Refused):
                counts[f"refused, as it must be: {tried.result.reason}"] += 1
            else:
                counts["agreed"] += 1
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    _say(f"generated: {len(chosen)}")
    for what, many in sorted(counts.items()):
        _say(f"{what}: {many}")
    _say(f"disagreements: {wrong}")
    cpu = sum(one.ru_utime + one.ru_stime for one in used)
    _say(f"seconds: {time.monotonic() - began:.0f}, of CPU: {cpu:.0f}")
    return 1 if wrong else 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.media.recordings", description=__doc__)
    parser.add_argument("--count", type=int, default=400, help="how many are drawn")
    parser.add_argument("--seed", type=int, default=0, help="the same number draws the same ones")
    parser.add_argument("--only", type=int, help="try only this one of them, counted from 0")
    parser.add_argument("--processes", type=int, default=1, help="how many processes work at the same time")
    parser.add_argument("--first", action="store_true", help="stop at the first one that is wrong")
    return _run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
