"""`make mutants`: change the decision code in thousands of small ways and see which changes no test notices."""

import argparse
import fnmatch
import subprocess
import sys

from tests.mutation.listed import EQUIVALENT, KNOWN_SURVIVORS, read_listed
from tests.mutation.mutmut_run import PROCESSES, mutmut, names_to_try_again, results
from tests.mutation.record import RECORD, code_digest, read_record
from tests.mutation.report import write_changes, write_score, write_table
from tests.mutation.sample import SAMPLE_FILES, SAMPLE_SECONDS, SAMPLE_SIZE, run_sample
from tests.mutation.score_page import PAGE
from tests.mutation.targets import CHECKOUT, source_files
from tests.mutation.verdicts import Verdict, score
from tests.mutation.workspace import prepare, workspace_of
from tests.mutation.write_record import write_record

_WHOLE_RUN_SECONDS = 4 * 3600


def main() -> int:
    """Run, print the score, and fail where a mutant survived that is in neither list."""
    arguments = _arguments()
    equivalent, known, recorded = read_listed(EQUIVALENT), read_listed(KNOWN_SURVIVORS), read_record()
    files = [file for file in source_files() if any(fnmatch.fnmatch(file, f"*{part}*") for part in arguments.only)]
    if arguments.changed:
        files = [file for file in files if file not in recorded or recorded[file].code != code_digest(file)]
    if not files:
        sys.stderr.write("No decision code is meant by these arguments. It is:\n")
        sys.stderr.writelines(f"  {file}\n" for file in source_files())
        return 2
    if arguments.sample:
        complete = [file for file in files if file in recorded and recorded[file].killed]
        return run_sample(complete, listed=frozenset(equivalent) | frozenset(known), seed=arguments.seed)
    workspace = prepare(workspace_of(files), files, arguments.tests)
    names = [f"{module}.x*" for module in _modules(files)]
    if arguments.again:
        names = names_to_try_again(workspace, files)
    if names and mutmut(workspace, names, seconds=_WHOLE_RUN_SECONDS, processes=arguments.processes):
        sys.stderr.write("mutmut failed; it says why above.\n")
        return 2
    scores = {file: score(results(workspace, [file]), equivalent=frozenset(equivalent)) for file in files}
    if not any(one.killed for one in scores.values()):
        sys.stderr.write("No mutant was killed at all, so this run shows nothing.\n")
        return 2
    counted = score(results(workspace, files), equivalent=frozenset(equivalent))
    write_table(scores.items())
    write_score(counted)
    unlisted = [change for change in counted.survivors if change not in known]
    write_changes("Survivors that are not listed:", unlisted)
    tried = [file for file, one in scores.items() if not one.by_verdict.get(Verdict.NOT_RUN)]
    write_changes(
        f"Entries of {EQUIVALENT.name} that no survivor matches: the code has changed, or a test kills the mutant now",
        [change for change in equivalent if change.file in tried and change not in counted.argued],
    )
    if arguments.record:
        without = write_record(scores)
        sys.stdout.write(f"wrote {KNOWN_SURVIVORS.name}, {RECORD.name} and docs/{PAGE.name}\n")
        sys.stdout.writelines(f"{file} has no record now: some of its mutants were not tried\n" for file in without)
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
    parser.add_argument("--changed", action="store_true", help="only files that have changed since their record")
    parser.add_argument("--processes", type=int, default=PROCESSES, help="mutants tried at the same time")
    parser.add_argument(
        "--tests",
        nargs="+",
        help="only tests of these folders and files: much faster, but what only other tests kill survives",
    )
    parser.add_argument("--again", action="store_true", help="only mutants that the last runs have not killed")
    parser.add_argument(
        "--record",
        action="store_true",
        help=f"write {KNOWN_SURVIVORS.name}, {RECORD.name} and docs/{PAGE.name} from the files that were tried wholly",
    )
    parser.add_argument(
        "--sample",
        action="store_true",
        help=f"{SAMPLE_SIZE} mutants of {SAMPLE_FILES} files that have a record, within {SAMPLE_SECONDS} seconds",
    )
    parser.add_argument("--seed", default=_commit(), help="what the sample is drawn by (the commit)")
    return parser.parse_args()


def _commit() -> str:
    command = ["git", "-C", str(CHECKOUT), "rev-parse", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or "no commit"


def _modules(files: list[str]) -> list[str]:
    return [file.removesuffix(".py").replace("/", ".") for file in files]


if __name__ == "__main__":
    raise SystemExit(main())
