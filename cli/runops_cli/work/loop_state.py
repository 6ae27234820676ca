"""The state of the loop of `runops work`, and what it decides from it. Pure."""

from enum import Enum, auto

from runops.polling import Poll, next_read_in
from runops_cli.terminal.exit_codes import Exit
from runops_cli.work.row_end import Ending

__all__ = ["LoopState", "Step"]

_PUT_BACK = "The video is back in the queue: a key or a setting is wrong."


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
    """

    def __init__(self, *, once: bool = False, most: int | None = None) -> None:
        self._once = once
        self._most = most
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

    def claim_impossible(self, sentence: str) -> str | None:
        """Note that no row can be claimed; return the line to print."""
        return self._note_problem(sentence, f"{sentence} Trying again; nothing is claimed meanwhile.")

    def queue_read(self, *, claimed: bool, now: float) -> str | None:
        """Note that the queue was read, and whether a row was claimed; return the line to print."""
        # A wrong key or setting is only known to be fixed once a video succeeds.
        line = self._note_solved() if self._problem != _PUT_BACK else None
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
            return self._note_problem(_PUT_BACK, f"{_PUT_BACK} Trying again.")
        self._videos += 1
        self._failed = self._failed or ending is Ending.FAILED
        self._needs_check = ending is Ending.FAILED
        if ending is Ending.COMPLETED:
            self._failures = 0
        return self._note_solved()

    def next_step(self, *, claimed: bool) -> Step:
        """Return what to do after a round of the loop, which has claimed a row or not."""
        nothing_to_do = not claimed or self._problem is not None
        if (self._once and nothing_to_do) or (self._most is not None and self._videos >= self._most):
            return Step.STOP
        return Step.PAUSE if nothing_to_do else Step.CLAIM

    def pause_seconds(self, *, now: float, jitter: float) -> float:
        """Return how long to wait before the queue is read again."""
        since = None if self._moved_at is None else now - self._moved_at
        return next_read_in(Poll(), since_movement=since, failures=self._failures, jitter=jitter)

    def _note_problem(self, sentence: str, line: str) -> str | None:
        is_new = sentence != self._problem
        self._failures += 1
        self._needs_check = True
        self._problem = sentence
        if not is_new:
            return None
        return sentence if self._once else line

    def _note_solved(self) -> str | None:
        was, self._problem = self._problem, None
        return None if was is None else "It works again."
