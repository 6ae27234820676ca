"""`make mutants`: change the decision code in thousands of small ways and see which changes no test notices."""

import argparse
import contextlib
import fnmatch
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from tests.mutation.mutmut_results import mutant_names, results
from tests.mutation.targets import CHECKOUT, source_files
from tests.mutation.verdicts import KILLED, Change, Score, Verdict, read_listed, score
from tests.mutation.workspace import WORKSPACE, WORKSPACE_OF_SAMPLE, prepare

_EQUIVALENT = Path(__file__).with_name("equivalent_mutants.toml")
_SURVIVORS = Path(__file__).with_name("known_survivors.toml")
_GENERATE_SECONDS = 600
_SAMPLE_SECONDS = 180
_SAMPLE_FILES = 5
_SAMPLE_SIZE = 120
_WHOLE_RUN_SECONDS = 4 * 3600


def main() -> int:
    """Run, print the score, and fail where a mutant survived that is in neither list."""
    arguments = _arguments()
    files = [file for file in source_files() if any(fnmatch.fnmatch(file, f"*{part}*") for part in arguments.only)]
    if not files:
        sys.stderr.write(f"No decision code matches {' '.join(arguments.only)}. It is one of:\n")
        sys.stderr.writelines(f"  {file}\n" for file in source_files())
        return 2
    equivalent, known = read_listed(_EQUIVALENT), read_listed(_SURVIVORS)
    if arguments.sample:
        return _sample(files, listed=frozenset(equivalent) | frozenset(known), seed=arguments.seed)
    # All decision code is mutated each time and the run is restricted by name: mutmut does not notice that a file
    # has come to be mutated.
    workspace = prepare(WORKSPACE, source_files())
    _mutmut(workspace, [f"{module}.x*" for module in _modules(files)], seconds=_WHOLE_RUN_SECONDS)
    if not any(verdict in KILLED for verdict, _ in results(workspace, files)):
        sys.stderr.write("No mutant was killed at all, so the run itself failed; mutmut says why above.\n")
        return 2
    counted = score(results(workspace, files), equivalent=frozenset(equivalent))
    _print_table(workspace, files, frozenset(equivalent))
    _print_score(counted)
    unlisted = [change for change in counted.survivors if change not in known]
    _print_changes("Survivors that are not listed:", unlisted)
    if arguments.write_survivors:
        _write_survivors(dict.fromkeys(counted.survivors, "no test notices it yet") | _of_other_files(known, files))
        return 0
    return 1 if unlisted else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument(
        "only",
        nargs="*",
        default=["*"],
        help="parts of file names, such as planning/ or job_row.py; all where none is given",
    )
    parser.add_argument(
        "--sample",
        action="store_true",
        help=f"{_SAMPLE_SIZE} mutants of {_SAMPLE_FILES} files, drawn by chance, within {_SAMPLE_SECONDS} seconds",
    )
    parser.add_argument("--seed", default=_commit(), help="what the sample is drawn by (the commit)")
    parser.add_argument("--write-survivors", action="store_true", help=f"write {_SURVIVORS.name} again from this run")
    return parser.parse_args()


def _commit() -> str:
    command = ["git", "-C", str(CHECKOUT), "rev-parse", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or "no commit"


def _sample(files: list[str], *, listed: frozenset[Change], seed: str) -> int:
    """Try some mutants of a few files: to mutate all files takes longer than to try the sample."""
    chance = random.Random(seed)  # noqa: S311 - the same sample for a commit
    files = sorted(chance.sample(files, min(_SAMPLE_FILES, len(files))))
    sys.stdout.write(f"sample of {', '.join(files)} (seed {seed})\n")
    shutil.rmtree(WORKSPACE_OF_SAMPLE, ignore_errors=True)
    workspace = prepare(WORKSPACE_OF_SAMPLE, files)
    # Generates the mutants and runs none: without names there is nothing to draw from.
    _mutmut(workspace, ["no such mutant"], seconds=_GENERATE_SECONDS, quiet=True)
    names = mutant_names(workspace, files)
    if not names:
        sys.stderr.write("mutmut generated no mutant; run `make mutants` to see why.\n")
        return 2
    drawn = chance.sample(names, min(_SAMPLE_SIZE, len(names)))
    _mutmut(workspace, drawn, seconds=_SAMPLE_SECONDS)
    counted = score(results(workspace, files, only=frozenset(drawn)), equivalent=frozenset())
    if not counted.killed:
        sys.stderr.write("No mutant was reached within the time, so this run shows nothing.\n")
        return 2
    _print_score(counted)
    unlisted = [change for change in counted.survivors if change not in listed]
    _print_changes("Survivors that are not listed (write the missing test, or argue that it is equivalent):", unlisted)
    return 1 if unlisted else 0


def _mutmut(workspace: Path, names: list[str], *, seconds: float, quiet: bool = False) -> None:
    """Run mutmut. What it found out before the time was over is kept."""
    command = [str(Path(sys.executable).with_name("mutmut")), "run", *names]
    environment = os.environ | {
        "PYTHONPATH": str(workspace),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    output = subprocess.DEVNULL if quiet else None
    with subprocess.Popen(
        command, cwd=workspace, env=environment, stdout=output, stderr=output, start_new_session=True
    ) as process:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            sys.stdout.write(f"\nStopped after {seconds:.0f} s; mutants that were not reached do not count.\n")
        finally:
            # Its forks are in the same process group.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _print_table(workspace: Path, files: list[str], equivalent: frozenset[Change]) -> None:
    sys.stdout.write(f"\n\n{'file':58} {'killed':>7} {'survived':>9} {'equivalent':>11} {'wording':>8} {'score':>7}\n")
    for file in files:
        one = score(results(workspace, [file]), equivalent=equivalent)
        sys.stdout.write(
            f"{file:58} {one.killed:7} {len(one.survivors):9} {one.equivalent:11} {one.wording:8} {one.percent:6.1f}%\n"
        )


def _print_score(counted: Score) -> None:
    sys.stdout.write("\n")
    for verdict in Verdict:
        if counted.by_verdict.get(verdict):
            sys.stdout.write(f"{counted.by_verdict[verdict]:6} {verdict}\n")
    sys.stdout.write(f"{counted.equivalent:6} equivalent, as argued in {_EQUIVALENT.name}\n")
    sys.stdout.write(f"{counted.wording:6} change only the text of a sentence, and are not counted\n")
    sys.stdout.write(f"score: {counted.percent:.1f} %\n")


def _print_changes(title: str, changes: list[Change]) -> None:
    if not changes:
        return
    sys.stdout.write(f"\n{title}\n")
    for change in changes:
        sys.stdout.write(f"\n  {change.where}\n")
        sys.stdout.writelines(f"    - {line}\n" for line in change.removed)
        sys.stdout.writelines(f"    + {line}\n" for line in change.added)


def _of_other_files(known: dict[Change, str], files: list[str]) -> dict[Change, str]:
    modules = _modules(files)
    return {change: why for change, why in known.items() if change.where.partition(":")[0] not in modules}


def _modules(files: list[str]) -> list[str]:
    return [file.removesuffix(".py").replace("/", ".") for file in files]


def _write_survivors(changes: dict[Change, str]) -> None:
    lines = [
        "# Mutants that no fast test notices yet, written by `make mutants --write-survivors`. Each is work to do.\n"
    ]
    for change in sorted(changes):
        lines.append("\n[[mutant]]\n")
        lines.append(f"where = {_quoted(change.where)}\n")
        lines.append(f"removed = [{', '.join(_quoted(line) for line in change.removed)}]\n")
        lines.append(f"added = [{', '.join(_quoted(line) for line in change.added)}]\n")
        lines.append(f"why = {_quoted(changes[change])}\n")
    _SURVIVORS.write_text("".join(lines))


def _quoted(text: str) -> str:
    # A JSON string is written the same in TOML.
    return json.dumps(text, ensure_ascii=False)


if __name__ == "__main__":
    raise SystemExit(main())
