"""Tries many recordings and prints what became of them.

    python -m tests.media.recordings --count 2000 --seed 7
    python -m tests.media.recordings --count 2000 --seed 7 --only 31

Ends with 1 if any of them is not shown and heard as a player does it.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import sys
from collections import Counter

from tests.media.recordings.drawing import drawn
from tests.media.recordings.slim import Refused
from tests.media.recordings.tried import try_all


async def _run(count: int, seed: int, only: int | None, at_once: int) -> int:
    numbered = list(enumerate(drawn(count, number=seed)))
    chosen = numbered if only is None else numbered[only : only + 1]
    counts: Counter[str] = Counter()
    wrong = place = 0
    async for tried in try_all([recording for _, recording in chosen], at_once=at_once):
        number = chosen[place][0]
        place += 1
        if tried.wrong:
            wrong += 1
            again = f"--seed {seed} --count {count} --only {number}"
            _say("\n    ".join([f"{again}: {tried.recording}", *tried.wrong]))
        elif isinstance(tried.result, Refused):
            counts[f"refused, as it must be: {tried.result.reason}"] += 1
        else:
            counts["agreed"] += 1
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    _say(f"generated: {len(chosen)}")
    for what, many in sorted(counts.items()):
        _say(f"{what}: {many}")
    _say(f"disagreements: {wrong}")
    _say(f"CPU seconds: {sum(one.ru_utime + one.ru_stime for one in used):.0f}")
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
    parser.add_argument("--at-once", type=int, default=1, help="how many are worked on at the same time")
    arguments = parser.parse_args()
    return asyncio.run(_run(arguments.count, arguments.seed, arguments.only, arguments.at_once))


if __name__ == "__main__":
    sys.exit(main())
