"""Which code is mutated, and which tests have to notice."""

from collections.abc import Iterable
from pathlib import Path

__all__ = ["CHECKOUT", "DECISION_CODE", "PACKAGES", "fast_test_paths", "source_files"]

CHECKOUT = Path(__file__).resolve().parents[2]

PACKAGES = {
    "runops": Path("runops"),
    "runops_evaluation": Path("runops_evaluation"),
    "runops_operator": Path("operator/runops_operator"),
    "runops_worker": Path("worker_image/runops_worker"),
}
"""Import name of each package that holds decision code, and its folder in the checkout."""

DECISION_CODE = (
    "runops/breakers/*.py",
    "runops/claim_order.py",
    "runops/dollars.py",
    "runops/job_filter.py",
    "runops/job_row.py",
    "runops/pacing/*.py",
    "runops/procedure/build.py",
    "runops/procedure/flow.py",
    "runops/procedure/items.py",
    "runops/procedure/picture_budget.py",
    "runops/procedure/readable.py",
    "runops/procedure/screen_change.py",
    "runops/procedure/secret_times.py",
    "runops/procedure/text_width.py",
    "runops/proxies.py",
    "runops/quality.py",
    "runops/recorded_secrets/[!o]*.py",
    "runops/retry_policy.py",
    "runops/sop_as_stored.py",
    "runops/sop_graph.py",
    "runops/sop_language.py",
    "runops/sop_markup.py",
    "runops/sop_structure.py",
    "runops/sop_versions/*.py",
    "runops/standstill.py",
    "runops/supabase/claim_result.py",
    "runops/supabase/job_pages.py",
    "runops/supabase/job_values.py",
    "runops/supabase/jobs.py",
    "runops/supabase/jobs_columns.py",
    "runops/supabase/jobs_reads.py",
    "runops/supabase/jobs_requests.py",
    "runops/supabase/kept_claim.py",
    "runops/supabase/result_rows.py",
    "runops/time_left/*.py",
    "runops/transcript.py",
    "runops/transcript_gaps.py",
    "runops/why_waiting/*.py",
    "runops_evaluation/drafting/first_draft.py",
    "runops_evaluation/matching/*.py",
    "runops_evaluation/scores/*.py",
    "runops_evaluation/statistics/*.py",
    "runops_evaluation/text/*.py",
    "runops_operator/breakers/*.py",
    "runops_operator/heartbeats.py",
    "runops_operator/informer/fresh_claims.py",
    "runops_operator/informer/name_flags.py",
    "runops_operator/informer/object_*.py",
    "runops_operator/informer/pod_listing.py",
    "runops_operator/informer/resync.py",
    "runops_operator/informer/store.py",
    "runops_operator/informer/watch_errors.py",
    "runops_operator/intake/*.py",
    "runops_operator/leader.py",
    "runops_operator/manifests/fields.py",
    "runops_operator/manifests/observed*.py",
    "runops_operator/manifests/other_containers.py",
    "runops_operator/planning/*.py",
    "runops_operator/reconcile/*.py",
    "runops_operator/spending/caps.py",
    "runops_operator/spending/record.py",
    "runops_operator/spending/video_spending.py",
    "runops_worker/cost/cap.py",
    "runops_worker/cost/video_estimate.py",
    "runops_worker/media/probe/cut_off.py",
    "runops_worker/media/probe/refusal.py",
    "runops_worker/media/recording/length.py",
    "runops_worker/media/recording/screen_track.py",
    "runops_worker/media/recording/timeline.py",
    "runops_worker/media/recording/track.py",
    "runops_worker/media/transcode/activity.py",
    "runops_worker/media/transcode/chunks.py",
    "runops_worker/media/transcode/idle.py",
    "runops_worker/media/transcode/seams.py",
    "runops_worker/media/transcode/selection.py",
    "runops_worker/model/estimate.py",
    "runops_worker/model/fallback.py",
    "runops_worker/model/find_object.py",
    "runops_worker/model/ledger.py",
    "runops_worker/model/mend_json.py",
    "runops_worker/model/prices.py",
    "runops_worker/sop/[!s]*.py",
    "runops_worker/sop/evidence/*.py",
    "runops_worker/sop/fix/*.py",
    "runops_worker/sop/long/[!s]*.py",
    "runops_worker/sop/long/sections.py",
    "runops_worker/sop/schema.py",
    "runops_worker/sop/sop_request.py",
    "runops_worker/sop/wording/*.py",
    "runops_worker/transcription/answer/*.py",
    "runops_worker/transcription/chunk_state.py",
    "runops_worker/transcription/coverage.py",
    "runops_worker/transcription/heard_answer.py",
    "runops_worker/transcription/item_times.py",
    "runops_worker/transcription/item_words.py",
    "runops_worker/transcription/known_secrets.py",
    "runops_worker/transcription/lost_ranges.py",
    "runops_worker/transcription/mask_secrets.py",
    "runops_worker/transcription/merge/*.py",
    "runops_worker/transcription/next_questions/*.py",
    "runops_worker/transcription/transcript_quality.py",
)
"""Globs below the packages: code that decides. What only does I/O is tested against real servers instead."""

_TESTS = {
    "runops": ("tests/unit", "tests/operator", "tests/*/pure", "tests/worker/test_worker_stages.py"),
    "runops_evaluation": tuple(
        f"tests/evaluation/test_{name}.py"
        for name in (
            "event_matching",
            "first_draft",
            "one_to_one",
            "score_formulas",
            "scores",
            "statistics",
            "step_similarity",
            "texts",
        )
    ),
    "runops_operator": ("tests/operator",),
    "runops_worker": ("tests/*/pure", "tests/worker/test_worker_stages.py"),
}
"""Where the tests of a package's code are taken from. The operator and the worker never import each other, so neither's
tests can notice a change of the other. `fast_tests` leaves out tests that need a server or the whole checkout."""


def fast_test_paths(files: Iterable[str]) -> list[str]:
    """Return the folders and files with the fast tests that can notice a change, relative to the checkout.

    Parameters
    ----------
    files
        What is changed, relative to the packages' parent.
    """
    patterns = {pattern for file in files for pattern in _TESTS[file.partition("/")[0]]}
    return sorted({str(path.relative_to(CHECKOUT)) for pattern in patterns for path in CHECKOUT.glob(pattern)})


def source_files(patterns: tuple[str, ...] = DECISION_CODE) -> list[str]:
    """Return the files that the globs name, relative to the packages' parent, sorted.

    Raises
    ------
    LookupError
        A glob names no file: the code has moved, and this list has to follow.
    """
    found: set[str] = set()
    for pattern in patterns:
        package, _, below = pattern.partition("/")
        folder = CHECKOUT / PACKAGES[package]
        files = [path for path in folder.glob(below) if path.name != "__init__.py"]
        if not files:
            raise LookupError(f"{pattern} names no file. Correct tests/mutation/targets.py.")
        found.update(f"{package}/{path.relative_to(folder)}" for path in files)
    return sorted(found)
