"""All tasks that are recorded."""

from typing import Final

from evaluation.recorder.recorded_task import JoinedTask, RecordedTask
from evaluation.recorder.tasks import (
    board_drag,
    copy_to_notes,
    deactivate_user,
    handbook_scrolling,
    idle_export,
    ledgerline_invoice,
    lieferant_anlegen,
    orders_shipped,
    refund_decision,
    spoken_condition,
    supplier_error,
    supplier_form,
    twelve_minutes,
    umzug_melden,
)

__all__ = ["JOINED", "RECORDED"]

RECORDED: Final[tuple[RecordedTask, ...]] = (
    ledgerline_invoice.TASK,
    supplier_form.TASK,
    orders_shipped.TASK,
    refund_decision.TASK,
    copy_to_notes.TASK,
    deactivate_user.TASK,
    supplier_error.TASK,
    handbook_scrolling.TASK,
    board_drag.TASK,
    spoken_condition.TASK,
    idle_export.TASK,
    umzug_melden.TASK,
    lieferant_anlegen.TASK,
    twelve_minutes.TASK,
)
JOINED: Final[tuple[JoinedTask, ...]] = (
    JoinedTask(
        name="two-hours",
        task="Two hours of an office day: twelve procedures, each carried out several times.",
        parts=tuple(task.name for task in RECORDED if task.language == "en"),
        seconds=7_200.0,
    ),
)
