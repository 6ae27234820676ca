"""The guards that are taken out one by one, and what notices that each is missing."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from tests.named_mutations.mutation import Mutation

__all__ = ["MUTATIONS"]

_in_operator = partial(Mutation, package="runops_operator")
_in_runops = partial(Mutation, package="runops")
_in_worker = partial(Mutation, package="runops_worker")
_REQUESTS = "tests/unit/test_jobs_requests.py"
_KUBERNETES = "tests/operator/test_kubernetes_requests.py"
_PLAN = "tests/operator/planning/test_plan.py"
_CACHE = "tests/operator/test_object_cache.py"

MUTATIONS: Final[Sequence[Mutation]] = (
    # Claims and the fences of writes to rows.
    _in_runops(
        name="a row is claimed though it changed since it was read",
        before='if row.updated_at is None else query.eq("updated_at", row.updated_at)',
        after="if row.updated_at is None else query",
        test=f"{_REQUESTS}::test_a_row_is_written_only_while_it_is_as_it_was_read",
    ),
    _in_runops(
        name="rows are claimed together though they changed since they were read",
        before='f"and(job_id.eq.{row.job_id},"',
        after='f"and(job_id.eq.{row.job_id},updated_at.gte.2000-01-01),and(job_id.eq.{row.job_id},"',
        test=f"{_REQUESTS}::test_each_of_several_rows_is_written_only_while_it_is_as_it_was_read",
    ),
    _in_runops(
        name="a write to a row replaces metadata that an app wrote without updated_at",
        before="return query if row.version is None else query.eq(_VERSION, row.version)",
        after="return query",
        worlds=15,
    ),
    _in_runops(
        name="a claim of several rows replaces metadata that an app wrote without updated_at",
        before='(")" if row.version is None else f",{_VERSION}.eq.{row.version})")',
        after='")"',
        test=f"{_REQUESTS}::test_each_of_several_rows_is_written_only_while_it_is_as_it_was_read",
    ),
    _in_runops(
        name="a claim without an answer is repeated on metadata that an app wrote meanwhile",
        before="unchanged = (there.updated_at, there.version) == (read.updated_at, read.version)",
        after="unchanged = there.updated_at == read.updated_at",
        test="tests/unit/test_claim_result.py::test_a_row_whose_version_is_known_is_open_while_it_has_that_version",
    ),
    _in_runops(
        name="a row is ended and refreshed whoever holds it",
        before='return lambda query: held_under(query.eq("job_id", str(job_id)), token)',
        after='return lambda query: query.eq("job_id", str(job_id))',
        worlds=15,
    ),
    _in_runops(
        name="a row is taken over though it was touched between the two reads",
        before="return [row for row in rows if row.untouched_since(limit_at)]",
        after="return rows",
        test="tests/unit/test_jobs_table.py::test_rows_are_stale_by_their_own_times_in_any_zone",
    ),
    _in_runops(
        name="a column that has gone stops every write",
        before="if not (gone and left and await self._known_columns.corrected_by(error, columns)):",
        after="if True:",
        test="tests/unit/test_jobs_columns.py::test_a_claim_does_without_columns_that_went",
    ),
    _in_runops(
        name="a retry replaces the SOPs of other prompts",
        before="typed = [row for row in rows if row.prompt_type == PROMPT_TYPE]",
        after="typed = list(rows)",
        test="tests/unit/test_result_rows.py::test_only_our_own_rows_are_replaced",
    ),
    # What people edited and answered.
    _in_runops(
        name="a SOP that an app has just edited is written over",
        before='return query.is_(column, "null") if self.version is None else query.eq(column, self.version)',
        after="return query",
        test="tests/unit/test_sop_in_table.py::test_a_sop_is_written_only_while_it_is_as_it_was_read",
    ),
    _in_runops(
        name="a conflict is settled without asking",
        before="if merging.conflicts:",
        after="if False:",
        test="tests/unit/sop_versions/test_merge.py::test_what_is_a_conflict",
    ),
    _in_runops(
        name="a SOP of unknown origin is replaced",
        before="if not base:",
        after="if False:",
        test="tests/unit/sop_versions/test_merge.py::test_without_a_base_only_the_same_is_no_conflict",
    ),
    _in_runops(
        name="an app's later run makes only the SOP, of the transcript of another recording",
        before='isinstance(stamp, Mapping) and "claim" in stamp',
        after="False",
        test="tests/unit/test_job_row.py::test_only_an_order_for_this_run_begins_with_the_sop",
    ),
    _in_worker(
        name="an answer instructs the model",
        before='instructs = "\\n".join(filter(instructs_a_model, said))',
        after='instructs = ""',
        test="tests/worker/test_sop_with_answers.py"
        "::test_an_answer_that_instructs_a_model_proves_nothing_and_its_question_stays",
    ),
    _in_worker(
        name="the edited SOP counts as generated, before it is written",
        before="if self.conflicts:\n            if self._base is None:",
        after="if False:\n            if self._base is None:",
        test="tests/worker/test_edits_survive.py::test_a_conflict_keeps_the_edited_one_and_the_row_says_so",
    ),
    _in_operator(
        name="a rival's work on a claimed row is not noticed",
        before="if only_a_rival_writes and there.updated_at != claimed.row.updated_at:",
        after="if False:",
        test="tests/operator/test_confirmation.py::test_a_claimed_row_read_again",
    ),
    _in_operator(
        name="more rows are claimed in one request than fit into its URL",
        before="at_most=CLAIMED_AT_ONCE",
        after="at_most=10**6",
        test="tests/operator/test_claiming.py::test_no_request_claims_more_rows_than_fit_into_its_url",
    ),
    _in_operator(
        name="a deleted definition cancels every video",
        before="if not last.finished and not await self._definition_outlives(last):",
        after="if False:",
        test="tests/operator/test_definition_deleted.py::test_rows_keep_their_claim_and_get_a_videojob_again",
    ),
    _in_operator(
        name="a definition that goes a moment after its VideoJobs cancels them",
        before="if served_at >= since + self.grace_seconds:",
        after="if True:",
        test="tests/operator/test_definition_deleted.py::test_a_definition_that_goes_a_moment_later_cancels_no_video",
    ),
    _in_operator(
        name="deletions that wait outlive the definition",
        before="self._store.forget_all_deleted()",
        after="self._store.forget_deleted(last)",
        test="tests/operator/test_definition_deleted.py"
        "::test_a_definition_that_is_back_soon_cancels_none_whose_deletion_was_not_looked_at_yet",
    ),
    _in_operator(
        name="the row is not read after a plan was overtaken",
        before="self._store.rows_to_read.mark(name)\n            await self._read_again(name)",
        after="await self._read_again(name)",
        test="tests/operator/reconcile/test_reconciler.py"
        "::test_the_row_of_a_running_videojob_is_read_after_its_plan_was_overtaken",
    ),
    _in_runops(
        name="a key gets into the row of a failed video",
        before="shown = postgres_json(redact(sentence))[:LONGEST_SENTENCE]",
        after="shown = postgres_json(sentence)[:LONGEST_SENTENCE]",
        test="tests/unit/test_jobs_table.py::test_no_key_gets_into_the_sentence_of_a_failed_row",
    ),
    # Slots.
    _in_operator(
        name="rows that are claimed take no slot",
        before="active = {lane: Counter(claimed.get(lane)) for lane in Lane}",
        after="active = {lane: Counter() for lane in Lane}",
        worlds=40,
    ),
    _in_operator(
        name="VideoJobs take no slot",
        before="active[videojob.lane][videojob.user] += 1",
        after="pass",
        worlds=10,
    ),
    _in_runops(
        name="the limit per user is not applied",
        before="if per_user is not None and load.get(user, 0) >= per_user:",
        after="if False:",
        test="tests/unit/test_claim_order.py::test_no_user_has_more_at_work_than_the_cap_allows",
    ),
    _in_operator(
        name="there are twice as many slots as set",
        before="free = max(0, slots - active - min(waiting, max(1, slots // 2)))",
        after="free = max(0, 2 * slots - active - min(waiting, max(1, slots // 2)))",
        worlds=30,
    ),
    _in_operator(
        name="backfills take slots of fresh rows",
        before="active[videojob.lane][videojob.user] += 1",
        after="active[Lane.FRESH][videojob.user] += 1",
        worlds=60,
    ),
    _in_operator(
        name="a fresh row waits for the end of a backfill",
        before="active[lane].total(), kept[lane], most)",
        after="sum(active.values(), Counter()).total(), kept[lane], most)",
        worlds=150,
    ),
    _in_operator(
        name="backfills hide the fresh rows behind them",
        before="if len(page) >= limit or (lane is Lane.BACKFILL and",
        after="if True or (lane is Lane.BACKFILL and",
        test="tests/operator/test_candidates.py"
        "::test_no_number_of_backfills_at_the_head_of_the_queue_hides_a_fresh_row",
    ),
    _in_operator(
        name="a row whose claim is refused takes the only slot each time",
        before="return refused is not None and refused.seen == row.updated_at and self._clock() < refused.until",
        after="return False",
        test="tests/operator/test_refused_rows.py"
        "::test_a_row_whose_claim_is_refused_leaves_the_only_slot_to_others_and_is_tried_with_growing_pauses",
    ),
    _in_operator(
        name="rows are claimed while another row is being adopted",
        before="async with self._one_at_a_time:",
        after="if True:",
        test="tests/operator/test_adoption_and_claims.py"
        "::test_the_intake_claims_nothing_while_the_row_watch_still_adopts_a_row",
    ),
    _in_operator(
        name="rows are claimed while the installation drains",
        before="drained=self._drain.why,",
        after="drained=None,",
        worlds=15,
    ),
    _in_operator(
        name="rows that were chosen are claimed though slots were taken since, or an order to drain came",
        before="rows = self._slots.admission().fitting(rows) if rows else rows",
        after="pass",
        test="tests/operator/draining/test_drain_watch.py::test_an_order_that_comes_while_rows_are_chosen_is_kept",
    ),
    _in_operator(
        name="an order to drain is confirmed while a row is being claimed",
        before="if self._in_hand() == 0 and not self._claiming():",
        after="if True:",
        test="tests/operator/draining/test_drain_watch.py"
        "::test_no_order_is_confirmed_while_a_claimed_row_has_no_videojob",
    ),
    _in_operator(
        name="rows that are being claimed do not count for the user of a VideoJob made by hand",
        before="active = Counter(self._in_hand(videojob.lane))",
        after="active: Counter[str] = Counter()",
        test="tests/operator/reconcile/test_hand_made.py"
        "::test_a_row_that_is_being_claimed_counts_for_its_lane_and_its_user",
    ),
    _in_operator(
        name="VideoJobs made by hand start while the installation drains",
        before="if self.drained is not None or self.capped(videojob) is not None:",
        after="if self.capped(videojob) is not None:",
        test="tests/operator/draining/test_drain_watch.py::test_videojobs_made_by_hand_wait_too_and_say_why",
    ),
    # Claims on VideoJobs, and objects of the same name.
    _in_operator(
        name="a claim is written on a VideoJob that changed since it was read",
        before='metadata["resourceVersion"] = str(version)',
        after="pass",
        test=f"{_KUBERNETES}::test_an_annotation_is_written_only_on_the_version_that_was_read",
    ),
    _in_operator(
        name="an older status is written over a newer one",
        before='body = {"metadata": {"resourceVersion": str(version)}, "status": status}',
        after='body = {"status": status}',
        worlds=150,
    ),
    _in_operator(
        name="a deleted VideoJob does not end the attempt that was prepared",
        before="tokens = [last.claim] if own is None else [last.claim, successor(last.claim, own.uid)]",
        after="tokens = [last.claim]",
        test=f"{_PLAN}::test_a_deleted_videojob_cancels_its_row_under_its_token_and_under_the_next_attempts",
    ),
    _in_operator(
        name="a deletion removes whatever has that name",
        before='"preconditions": {"uid": uid}',
        after="",
        test=f"{_KUBERNETES}::test_an_object_is_deleted_only_while_it_has_this_uid",
    ),
    _in_operator(
        name="a Job of an earlier VideoJob counts as the present one's",
        before="job is not None and seen.own_job is None",
        after="False",
        test=f"{_PLAN}::test_the_job_of_an_earlier_videojob_is_deleted_by_its_uid",
    ),
    _in_operator(
        name="a Job that could not be deleted counts as gone",
        before="await self._cluster.delete_job(job, uid=uid)\n                self._store.drop_job(job, uid)",
        after="self._store.drop_job(job, uid)\n                await self._cluster.delete_job(job, uid=uid)",
        test="tests/operator/reconcile/test_execute.py::test_a_job_that_could_not_be_deleted_is_still_known",
    ),
    # What is known of the cluster.
    _in_operator(
        name="a list that expired is not begun again",
        before="if error.status != 410 or last_try:",
        after="if True:",
        test=f"{_KUBERNETES}::test_a_list_that_expired_between_two_pages_is_started_again",
    ),
    _in_operator(
        name="ghosts stay in memory",
        before="ghosts = [entry.view for entry in self._entries.values() if entry.listing < self._listing]",
        after="ghosts: list[V] = []",
        test=f"{_CACHE}::test_a_listing_removes_what_it_does_not_show",
    ),
    _in_operator(
        name="a late event brings a deleted object back",
        before="self._deleted_uids[uid] = self._listing",
        after="pass",
        test=f"{_CACHE}::test_a_deleted_object_is_not_brought_back_by_a_late_event",
    ),
    _in_operator(
        name="a slow listing keeps the next one away for hours",
        before="return min(max(resync_seconds, took / _SHARE_OF_TIME), _MOST_INTERVALS * resync_seconds)",
        after="return max(resync_seconds, took / _SHARE_OF_TIME)",
        test="tests/operator/test_resync.py::test_a_listing_that_took_long_postpones_the_next_one_but_not_for_hours",
    ),
    # Deadlines.
    _in_runops(
        name="videos start while a breaker is open",
        before="if self.hold(video) is not None:",
        after="if False:",
        test="tests/operator/breakers/test_breakers.py::test_while_it_is_open_the_others_are_held_with_the_words_of_the_last",
    ),
    _in_runops(
        name="an outage uses up attempts",
        before="return passed is None or began is None or passed < began",
        after="return False",
        test="tests/operator/test_shared_faults.py::test_alone_it_waits_and_the_next_rows_are_claimed_all_the_same",
    ),
    _in_operator(
        name="the pod goes on saying that no rows are claimed",
        before='status = "True" if standstill is None else "False"',
        after='status = "False"',
        test="tests/operator/test_claiming_condition.py::test_the_end_of_a_pause_is_shown_once",
    ),
    _in_operator(
        name="a video that somebody else did is recorded as done by us",
        before="return Completer.WORKER if unreported else Completer.SOMEBODY_ELSE",
        after="return Completer.WORKER",
        test="tests/operator/planning/test_plan_by_row.py::test_who_completed_a_row",
    ),
    _in_operator(
        name="VideoJobs of another installation are taken in",
        before="if self.is_of_others(body):\n            self._leave",
        after="if False:\n            self._leave",
        worlds=30,
    ),
    _in_runops(
        name="two clusters have the same name",
        before='return f"{namespace}/{release}@{uid}"',
        after='return f"{namespace}/{release}@"',
        worlds=30,
    ),
    _in_operator(
        name="a row of another cluster counts as the next attempt under a name that clusters shared",
        before="ours = by in config.own_names or (former and row.claim.token == next_token)",
        after="ours = by in config.names_of_videojobs",
        test="tests/operator/planning/test_row_relation.py"
        "::test_under_a_name_that_clusters_shared_only_the_token_tells_whose_a_row_is",
    ),
    _in_operator(
        name="a row whose claim an app wrote over is cancelled",
        before="return RowRelation.UNSTAMPED if row.status == RowStatus.PROCESSING else RowRelation.TAKEN_AWAY",
        after="return RowRelation.TAKEN_AWAY",
        test="tests/operator/test_identity.py::test_an_app_that_writes_over_the_claim_loses_no_work",
    ),
    _in_operator(
        name="VideoJobs made by hand know no limit",
        before="free = active.total() < self._config.slots_of(videojob.lane)",
        after="free = True",
        test="tests/operator/test_isolation.py::test_videojobs_made_by_hand_keep_to_the_limits_and_come_one_after_the_other",
    ),
    _in_operator(
        name="one refused VideoJob stops all others",
        before="if error.status not in REFUSALS:\n                            raise",
        after="if True:\n                            raise",
        test="tests/operator/test_confirmation_rows.py::test_a_refused_videojob_waits_alone_and_is_tried_again_with_growing_pauses",
    ),
    _in_operator(
        name="a silent worker is never stopped",
        before="return Reason.NO_PROGRESS if seen.quiet_seconds > config.deadlines.no_progress_seconds else None",
        after="return None",
        worlds=15,
    ),
    _in_operator(
        name="waiting rows are not refreshed",
        before="await self._jobs.keep_alive(self._config.installation,",
        after="(",
        worlds=30,
    ),
    _in_operator(
        name="a wait may last for ever",
        before="if since is None or (now - since).total_seconds() <= config.deadlines.waiting_seconds:",
        after="if True:",
        worlds=15,
    ),
    _in_operator(
        name="a pod that does not stop is not deleted by force",
        before="late = asyncio.get_running_loop().time() - deleted.since > self._deadline",
        after="late = False",
        worlds=15,
    ),
    _in_operator(
        name="after a restart no pod of a deleted Job is deleted by force",
        before="self._on_pod_without_job(job, uid)",
        after="pass",
        worlds=150,
    ),
    _in_operator(
        name="a Job is deleted before the outcome of its video is stored",
        before="return [FailRow(seen.held_claim.token, message), *stop, PatchStatus(patch), *remove]",
        after="return [*remove, FailRow(seen.held_claim.token, message), *stop, PatchStatus(patch)]",
        worlds=15,
    ),
    _in_operator(
        name="a Job is deleted though it is not known whether the row has its end",
        before="if isinstance(seen.row, Unread):\n        # What the pod told",
        after="if False:\n        # What the pod told",
        test="tests/operator/planning/test_ended_job.py::test_when_it_is_due",
    ),
    _in_operator(
        name="Jobs of videos that have ended are kept for ever",
        before="return max(0.0, ttl - (now - ended).total_seconds())",
        after="return max(1.0, ttl - (now - ended).total_seconds())",
        worlds=30,
    ),
    _in_operator(
        name="finished VideoJobs are kept for ever",
        before="return [DeleteVideoJob(seen.videojob.uid)]",
        after="return []",
        worlds=30,
    ),
    _in_operator(
        name="the pause before an attempt is not kept",
        before="return left if left <= _LONGEST_PAUSE_SECONDS else 0.0",
        after="return 0.0",
        test="tests/operator/planning/test_plan_start.py::test_seconds_left_of_a_pause",
    ),
    _in_operator(
        name="a row that the operator itself set to error counts as cancelled",
        before="case (RowRelation.FAILED, False, _) | (RowRelation.FAILED, _, True):",
        after="case RowRelation.FAILED, False, _:",
        test="tests/operator/planning/test_plan_by_row.py::test_decision_by_the_row",
    ),
    # Attempts, and one object that must not stop the others.
    _in_runops(
        name="failures are not counted",
        before='later = history.model_copy(update={"failures": history.failures + 1})',
        after="later = history",
        worlds=15,
    ),
    _in_operator(
        name="a row that refuses each write keeps its slot",
        before="await self._run_all(job_id, seen, plan_row_refused(seen, actions, str(error), self._now()))",
        after="pass",
        worlds=30,
    ),
    _in_operator(
        name="a row that refuses each write keeps others from being refreshed",
        before="half = len(job_ids) // 2",
        after="return",
        test="tests/operator/test_refused_rows.py::test_a_refused_row_keeps_no_other_row_from_being_refreshed",
    ),
    _in_operator(
        name="a VideoJob expires though its row has not ended",
        before="if isinstance(seen.row, Unread):\n        # Without its VideoJob",
        after="if False:\n        # Without its VideoJob",
        test="tests/operator/planning/test_plan_finished.py::test_the_row_of_a_finished_videojob_is_read_when_it_has_expired",
    ),
    _in_operator(
        name="a row that does not match its VideoJob is not read again",
        before="if self._store.rows_to_read.take(videojob.name):",
        after="if False:",
        test="tests/operator/reconcile/test_reconciler.py::test_a_marked_row_is_read_before_the_plan_is_made_and_only_once",
    ),
    # Expected ends.
    _in_runops(
        name="an end is expected before enough videos have finished",
        before="if len(videos) >= ENOUGH and model is not None",
        after="if model is not None",
        test="tests/unit/time_left/test_expected_end.py::test_nothing_is_said_before_enough_videos_have_finished",
    ),
    _in_runops(
        name="a stage that an earlier attempt had begun teaches how long it takes",
        before="return one.stage.value in names and not one.resumed",
        after="return one.stage.value in names",
        test="tests/unit/time_left/test_of_rows.py::test_a_stage_that_was_resumed_is_not_kept",
    ),
    _in_runops(
        name="an end of a waiting row is expected although claims have stopped",
        before="stopped = paused or _has_stopped(done, of_lane, waiting, now)",
        after="stopped = False",
        test="tests/unit/time_left/test_of_rows.py"
        "::test_while_nothing_is_claimed_places_are_known_and_ends_of_waiting_rows_are_not",
    ),
    _in_runops(
        name="a claim keeps what a row said of its end while it waited",
        before="return without_time_left(metadata)",
        after="return metadata",
        test="tests/operator/time_left/test_row_times.py"
        "::test_a_claim_removes_what_a_row_said_and_a_completed_row_says_nothing",
    ),
    _in_operator(
        name="an end is expected while a fault stops every video",
        before='if paused:\n        return "Paused"',
        after='if False:\n        return "Paused"',
        test="tests/operator/time_left/test_time_left.py::test_while_a_fault_stops_every_video_none_has_a_range",
    ),
    _in_operator(
        name="expected ends are written at any rate",
        before="if written >= _WRITES:",
        after="if False:",
        test="tests/operator/time_left/test_time_left.py"
        "::test_many_videos_are_written_to_at_a_bounded_rate_and_all_in_the_end",
    ),
    _in_operator(
        name="an expected end is written each time that it is looked at",
        before="return any(_differ(moment(old), moment(new), most) for old, new in pairs)",
        after="return True",
        test="tests/operator/time_left/test_shown_time.py::test_a_write_is_worth_it_where_something_moved",
    ),
    _in_operator(
        name="rows that wait lose their places by being told their ends",
        before="self._queue_may_be_told = False",
        after="self._queue_may_be_told = True",
        test="tests/operator/time_left/test_row_times.py"
        "::test_where_a_trigger_changes_updated_at_one_row_in_the_queue_is_written_to_and_no_more",
    ),
)
