"""A worker's process that is killed anywhere, and the attempts after it."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from devstack.gemini.control import GeminiControl
from runops_worker.checkpoint.format import Checkpoint, read_checkpoint
from tests.worker.gate import Gate, Seen, Stopped
from tests.worker.job import Job
from tests.worker.pod import Pod

pytestmark = pytest.mark.slow(
    "worker processes with real ffmpeg, killed seven times for each seed and started again", first=True
)

NewJob = Callable[..., Awaitable[Job]]

CHUNKS = 2
KILLS = 7
MOST_OF_ONE_JOB = 5
LAST_REQUESTS = (58, 30)
"""About how many requests a first attempt makes, and one after a kill."""


@dataclass
class Life:
    """One job from its first attempt to its last."""

    job: Job
    gate: Gate
    folder: Path
    kills: int = 0
    paid: int = 0
    uploads: set[str] = field(default_factory=set)
    blind_kills: int = 0
    """Between the begin of an upload and the note of it, when nobody but storage knows of it."""

    async def attempt(self, *, kill_at: int | None, answered: bool) -> None:
        """Run one pod; kill it at a request, before that arrives or once it is answered."""
        done = read_checkpoint(await self.job.supabase.storage.read_json("videos", self.job.task.checkpoint_object))
        pod = Pod(self.job, self.gate, self.folder / f"pod-{self.kills}")
        first = len(self.gate.log)

        async def kill(seen: Seen) -> None:
            # Not the number itself: with two chunks under way, another request may be the one after it.
            if kill_at is not None and seen.number >= first + kill_at:
                pod.kill()
                raise Stopped

        self.gate.before, self.gate.after = _let_pass, _let_pass
        if answered:
            self.gate.after = kill
        else:
            self.gate.before = kill
        await pod.start()
        code = await pod.ended()
        await self.gate.quiet()
        made = self.gate.log[first:]
        self.check_nothing_was_done_again(made, done, is_whole=code == 0)
        self.paid += sum(seen.is_paid for seen in made)
        begun = [seen for seen in made if seen.location]
        self.uploads |= {seen.location.rpartition("/")[2] for seen in begun}
        if code != 0:
            assert code == -9, pod.log
            self.kills += 1
            self.blind_kills += bool(begun) and not any(_is_note_of(begun[-1], seen) for seen in made)

    def check_nothing_was_done_again(self, made: list[Seen], done: Checkpoint, *, is_whole: bool) -> None:
        """Compare what was paid and transcoded with what was not yet done when the attempt began."""
        asked = [seen for seen in made if seen.is_paid and b"file_uri" in seen.body]
        written = [seen for seen in made if seen.is_paid and b"file_uri" not in seen.body]
        taken = [seen for seen in made if seen.method == "GET" and "/authenticated/videos/raw/" in seen.path]
        counted = (len(taken), len(asked), len(written))
        due = (
            int(done.slim is None),
            0 if done.transcript is not None else CHUNKS - sum(not chunk.open for chunk in done.chunks),
            int(done.sop is None),
        )
        if is_whole:
            assert counted == due
        else:
            assert all(count <= most for count, most in zip(counted, due, strict=True)), (counted, due)

    @property
    def is_over(self) -> bool:
        """Whether the row is completed; the operator starts no attempt after that, whatever became of the pod."""
        return bool(self.job.row()["status"] == "completed")


def _is_note_of(upload: Seen, seen: Seen) -> bool:
    """Tell whether a request brought a checkpoint into storage that names an upload."""
    return bool(seen.status) and b"uploads" in seen.body and upload.location.rpartition("/")[2].encode() in seen.body


async def _let_pass(_seen: Seen) -> None:
    pass


@pytest.mark.parametrize("seed", range(4))
async def test_whenever_it_is_killed_the_next_attempts_end_it_once_and_repeat_nothing(
    *,
    seed: int,
    new_job: NewJob,
    gate: Gate,
    control: GeminiControl,
    long_screencast: Path,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same kills in each run
    kills, again, lives = 0, 0, 0
    while kills < KILLS:
        lives += 1
        life = Life(await new_job(long_screencast), gate, tmp_path / f"life-{lives}")
        while not life.is_over and life.kills < MOST_OF_ONE_JOB and kills + life.kills < KILLS:
            last = LAST_REQUESTS[min(life.kills, 1)]
            await life.attempt(kill_at=chance.randint(1, last), answered=chance.random() < 0.5)
            if not life.is_over:
                await life.job.next_attempt()
        if not life.is_over:
            await life.attempt(kill_at=None, answered=False)
        assert life.is_over
        assert life.job.transcript() is not None
        assert life.job.sop() is not None
        assert control.files() == []
        left = life.job.unfinished(life.uploads)
        assert all(size == 0 for size in left.values())
        assert len(left) <= life.blind_kills
        kills += life.kills
        again += life.paid - CHUNKS - 1
    for name, figure in (("kills", kills), ("jobs", lives), ("calls lost with their worker", again)):
        record_property(name, figure)
