"""Scrolling: a rule is looked up in a long page, and the page is confirmed at its end."""

from evaluation.recorder.outline import Outline, Task
from evaluation.recorder.recorded_task import RecordedTask
from evaluation.recorder.take import Take

__all__ = ["TASK"]

OUTLINE = Outline(
    title="Confirm the travel handbook",
    goal="The handbook is read and confirmed.",
    purpose="Only those who know the rules may book.",
    owner="Human resources",
    trigger="The handbook was changed",
    done="The handbook is confirmed",
    parts=(
        Task("hotels", 'Scroll down to the chapter "Hotels"'),
        Task("limit", "Read the limit for a night", "140 euros"),
        Task("end", "Scroll down to the end of the page"),
        Task("tick", 'Tick "I have read the handbook"'),
        Task("confirm", 'Click "Confirm"', 'The page says "Thank you, your confirmation was saved."'),
    ),
)


async def perform(take: Take) -> None:
    """Read and confirm."""
    await take.say("I have to confirm the new travel handbook.")
    take.step("hotels")
    async with take.saying("I scroll down to the chapter about hotels."):
        await take.scroll_to("text=Hotels", notches=4)
    take.step("limit")
    async with take.saying("The limit for a night is one hundred and forty euros."):
        await take.point("#limit")
        await take.reads("140 euros")
    take.step("end")
    async with take.saying("Then I scroll to the end of the page."):
        await take.scroll_to("text=Confirm", notches=5)
    take.step("tick")
    async with take.saying("I tick that I have read the handbook."):
        await take.click("#read")
    take.step("confirm")
    async with take.saying("And I confirm."):
        await take.click("text=Confirm")
        await take.shows("Thank you, your confirmation was saved.")


TASK = RecordedTask(
    name="handbook-scrolling",
    task="Look up a rule in a long handbook and confirm that it was read.",
    application="Travel handbook",
    site="handbook",
    host="intranet.example",
    outline=OUTLINE,
    perform=perform,
    framed=True,
)
