"""`make bench`: run every benchmark and print one table; each promise stands beside its limit or rival."""

import argparse
import sys

from benchmarks import transcode, worker_memory
from benchmarks.measurement import Measurement, table

_ALL = {"transcode": transcode.measure, "worker_memory": worker_memory.measure}


def main() -> int:
    """Run the benchmarks that were named, or all; return 1 where a promise was not kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *_ALL], help="which (default: all)")
    names = parser.parse_args().names or list(_ALL)
    results: list[Measurement] = []
    for name in names:
        print(f"== {name}", file=sys.stderr)
        results += _ALL[name](progress=lambda text: print(f"   {text}", file=sys.stderr))
    print(table(results))
    return 0 if all(result.kept for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
