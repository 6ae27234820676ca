"""An idle stretch: an export takes a while, and nobody does or says anything."""

from evaluation.recorder.outline import Outline, Task
from evaluation.recorder.recorded_task import RecordedTask
from evaluation.recorder.take import Take

__all__ = ["TASK"]

OUTLINE = Outline(
    title="Export the stock report",
    goal="The stock report is on the shared drive.",
    purpose="The accountants need it at the end of each month.",
    owner="Warehouse",
    trigger="A month ends",
    done="The report is on the shared drive",
    parts=(
        Task("warehouse", "Choose the warehouse", 'Such as "Rotterdam"'),
        Task("month", 'Type the month into "Month"', 'Such as "04/2026"'),
        Task("run", 'Click "Run report"'),
        Task("wait", "Wait until the report is finished", 'The status is "Finished, 1,284 rows"'),
        Task("export", 'Click "Copy to drive"'),
    ),
)
_IDLE_SECONDS = 20.0


async def perform(take: Take) -> None:
    """Run the report, wait, and copy it."""
    await take.say("At the end of the month I export the stock report.")
    take.step("warehouse")
    async with take.saying("I choose the warehouse, Rotterdam."):
        await take.choose("#warehouse", "Rotterdam", downs=2)
    take.step("month")
    async with take.saying("I type the month."):
        await take.fill("#month", "04/2026")
    take.step("run")
    async with take.saying("And I run the report. That takes a while."):
        await take.click("text=Run report")
    take.step("wait")
    await take.idle(_IDLE_SECONDS)
    await take.shows("Finished, 1,284 rows")
    await take.say("Now it is finished.")
    take.step("export")
    async with take.saying("I copy it to the drive."):
        await take.click("text=Copy to drive")
        await take.shows("stock_04_2026.csv was copied")


TASK = RecordedTask(
    name="idle-export",
    task="Run a report, wait until it is finished, and copy it to the drive.",
    application="StockMaster",
    site="stockmaster",
    host="stockmaster.example",
    outline=OUTLINE,
    perform=perform,
    voice="en+f2",
)
