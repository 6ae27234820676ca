"""Takes the answers to open questions of a SOP, and queues the job so that only its SOP is made again."""

from uuid import UUID

from aiohttp import web

from runops.job_row import RowStatus
from runops.supabase.connection import Supabase
from runops.supabase.row_commands import Outcome, run_again
from runops.supabase.sop_questions import AnswerRefused, Saved, save_answers
from runops_ui.pages.drawing import Drawing

__all__ = ["Answers"]

_PREFIX = "answer:"
_BECAME = {
    Outcome.DONE: "It is queued again: only its SOP is made.",
    Outcome.ALREADY: "It is queued already; its run uses the answers.",
    Outcome.REFUSED: "It is at work, and that run may not know the answers: run it again when it has ended.",
    Outcome.MISSING: "Its row was deleted.",
}


class Answers:
    """The form of the page of a video.

    Parameters
    ----------
    supabase, drawing
        What they are written to, and what draws the outcome.
    """

    def __init__(self, supabase: Supabase, drawing: Drawing) -> None:
        self._supabase, self._drawing = supabase, drawing

    async def take(self, request: web.Request) -> web.Response:
        """Keep the answers of the form that are not empty."""
        job_id = UUID(request.match_info["job"])
        given = {
            name.removeprefix(_PREFIX): text.strip()
            for name, text in (await request.post()).items()
            if name.startswith(_PREFIX) and isinstance(text, str) and text.strip()
        }
        if not given:
            return self._told(request, "Nothing was answered", "Each field was empty.", status=400)
        try:
            saved = await save_answers(self._supabase, job_id, given)
        except AnswerRefused as refused:
            return self._told(request, "The answers were not kept", str(refused), status=400)
        if saved is None:
            return self._told(request, "Nothing was changed", f"The job {job_id} has no SOP.", status=404)
        ended = [RowStatus.COMPLETED, RowStatus.ERROR]
        result = await run_again(self._supabase, job_id, from_statuses=ended, only_sop=True)
        return self._told(request, "Thank you", f"{_kept(saved)} {_BECAME[result.outcome]}", status=200)

    def _told(self, request: web.Request, title: str, sentence: str, *, status: int) -> web.Response:
        return self._drawing.message(request, title, sentence, status=status)


def _kept(saved: Saved) -> str:
    count, left = len(saved.ids), len(saved.questions.left)
    said = "1 answer is kept." if count == 1 else f"{count} answers are kept."
    hidden = f" Secrets in {len(saved.hidden)} of them were hidden." if saved.hidden else ""
    others = "".join(f" {other}" for other in saved.others)
    return f"{said}{hidden}{others} {left} question{'' if left == 1 else 's'} left open."
