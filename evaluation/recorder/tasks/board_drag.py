"""Drag and drop: cards are moved between the lists of a board."""

from evaluation.recorder.outline import Outline, Task
from evaluation.recorder.recorded_task import RecordedTask
from evaluation.recorder.take import Take

__all__ = ["TASK"]

OUTLINE = Outline(
    title="Plan the week on the workshop board",
    goal="The board shows what is worked on this week.",
    purpose="Everybody sees what is next.",
    owner="Workshop",
    trigger="A week begins",
    done="The board is up to date",
    parts=(
        Task("doing", 'Drag the most urgent card from "To do" to "In progress"', 'Such as "Repair lift 3"'),
        Task("finished", 'Drag cards that are finished from "In progress" to "Done"', 'Such as "Order filters"'),
        Task("add", 'Click "Add card"'),
        Task("write", "Type what is new", 'Such as "Paint the gate"'),
        Task("enter", "Press Enter to add the card"),
    ),
)


async def perform(take: Take) -> None:
    """Move two cards and add one."""
    await take.say("Every Monday I plan the week on the board.")
    take.step("doing")
    async with take.saying("The lift is urgent, so I drag it to in progress."):
        await take.drag("text=Repair lift 3", "#progress h2")
    take.step("finished")
    async with take.saying("The filters are ordered. I drag that card to done."):
        await take.drag("text=Order filters", "#done h2")
    take.step("add")
    async with take.saying("Then I add a card."):
        await take.click("text=Add card")
    take.step("write")
    async with take.saying("I type what is new."):
        await take.type("Paint the gate")
    take.step("enter")
    async with take.saying("And I press enter."):
        await take.press("Return")
        await take.reads("Paint the gate")


TASK = RecordedTask(
    name="board-drag",
    task="Plan a week by moving cards between the lists of a board.",
    application="Workshop board",
    site="board",
    host="boards.example",
    outline=OUTLINE,
    perform=perform,
    voice="en-us+m3",
    words_per_minute=155,
)
