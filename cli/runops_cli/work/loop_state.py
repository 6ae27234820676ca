"""The state of the loop of `runops work`, and what it decides from it. Pure."""

from enum import Enum, auto

from runops.polling import Poll, next_read_in
from runops_cli.terminal.exit_codes import Exit
from runops_cli.work.faults import Wait
from runops_cli.work.row_end import Ending

__all__ = ["LoopState", "Step"]

_TELL_AGAIN_SECONDS = 600.0
_LONGEST_PAUSE_SECONDS = 60.0


class Step(Enum):
    """What the loop does next."""

    CLAIM = auto()
    PAUSE = auto()
    STOP = auto()


class LoopState:
    """What the loop remembers between two videos. Times are seconds of one clock that only goes forward.

    A *problem* is a sentence that says why no video can be run. It is printed once, however long it lasts.

    Parameters
    ----------
    once
        Whether to stop when the queue is empty or there is a problem.
    most
        Stop after so many videos; None sets no limit.
    retries
        With `once`, how often an outage is waited for.
    """

    def __init__(self, *, once: bool = False, most: int | None = None, retries: int = 0) -> None:
        self._once = once
        self._most = most
        self._retries = retries
        self._wait: Wait | None = None
        self._told: tuple[Wait, float] | None = None
        """The wait that was told last, and when."""
        self._videos = 0
        self._failed = False
        self._problem: str | None = None
        self._failures = 0
        self._moved_at: float | None = None
        self._needs_check = True

    @property
    def needs_check(self) -> bool:
        """Whether to check keys, models and prompts before the next claim: at first, and after each failure."""
        return self._needs_check

    @property
    def exit_code(self) -> Exit:
        """The exit code if the loop stopped now."""
        if self._problem is not None:
            return Exit.UNAVAILABLE
        return Exit.FAILED if self._failed else Exit.OK

    @property
    def found_nothing(self) -> bool:
        """Whether nothing hindered it, and no video ended."""
        return self._problem is None and self._videos == 0

    def claim_impossible(self, sentence: str) -> str | None:
        """Note that no row can be claimed; return the line to print."""
        return self._note_problem(sentence, f"{sentence} Trying again; nothing is claimed meanwhile.")

    def waits(self, wait: Wait, *, now: float) -> str | None:
        """Note that nothing may be claimed yet, since videos meet a fault; return the line to print."""
        told, self._wait, self._problem = self._told, wait, wait.sentence
        # Beside a row that waits alone, others may be claimed all the time.
        self._needs_check = not wait.alone
        if told is not None and (told[0].reason, told[0].words) == (wait.reason, wait.words):
            before, at = told
            grew = wait.until > before.until and wait.seconds > 1.5 * before.seconds
            if not grew and now - at < _TELL_AGAIN_SECONDS:
                return None
        self._told = (wait, now)
        return wait.sentence if self._stops else wait.line

    def queue_read(self, *, claimed: bool, now: float) -> str | None:
        """Note that the queue was read, and whether a row was claimed; return the line to print."""
        line = None
        if self._wait is None:
            line = self._note_solved()
        elif not claimed:
            # Somebody else has taken the rows that met the fault.
            self._forget_wait()
        # With a row, the fault is only known to be over once the video succeeds.
        self._needs_check = False
        if claimed:
            self._moved_at = now
        else:
            self._failures = 0
        return line

    def video_ended(self, ending: Ending, *, now: float) -> str | None:
        """Note how a video ended; return the line to print."""
        self._moved_at = now
        if ending is Ending.PUT_BACK:
            self._needs_check = True
            return None
        self._videos += 1
        self._failed = self._failed or ending is Ending.FAILED
        self._needs_check = ending is Ending.FAILED
        if ending is Ending.COMPLETED:
            self._failures = 0
        if ending is not Ending.COMPLETED and self._wait is not None:
            # Nothing shows that the fault is over.
            return None
        return self._note_solved()

    def next_step(self, *, claimed: bool) -> Step:
        """Return what to do after a round of the loop, which has claimed a row or not."""
        if self._most is not None and self._videos >= self._most:
            return Step.STOP
        if claimed:
            return Step.CLAIM
        return Step.STOP if self._stops else Step.PAUSE

    @property
    def _stops(self) -> bool:
        """Whether there is nothing more to do with `once`: an outage is waited for as often as a video is tried."""
        wait = self._wait
        return self._once and (wait is None or wait.needs_a_person or (wait.is_outage and wait.tries > self._retries))

    def pause_seconds(self, *, now: float, jitter: float) -> float:
        """Return how long to wait before the queue is read again."""
        since = None if self._moved_at is None else now - self._moved_at
        wait = self._wait
        if wait is not None and not wait.alone:
            return min(wait.seconds, _LONGEST_PAUSE_SECONDS)
        pause = next_read_in(Poll(), since_movement=since, failures=self._failures, jitter=jitter)
        return pause if wait is None else min(pause, wait.seconds)

    def _note_problem(self, sentence: str, line: str) -> str | None:
        is_new = sentence != self._problem
        self._wait = None
        self._failures += 1
        self._needs_check = True
        self._problem = sentence
        if not is_new:
            return None
        return sentence if self._once else line

    def _note_solved(self) -> str | None:
        was = self._problem
        self._forget_wait()
        return None if was is None else "It works again."

    def _forget_wait(self) -> None:
        self._problem = self._wait = self._told = None
