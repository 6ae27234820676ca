"""A decision by a value: a refund above 50 dollars goes to the team lead."""

from evaluation.recorder.outline import Decision, Loop, Outline, Task
from evaluation.recorder.recorded_task import RecordedTask
from evaluation.recorder.take import Take

__all__ = ["TASK"]

OUTLINE = Outline(
    title="Decide about refunds in Brightcart",
    goal="Each refund is paid or waits for the team lead.",
    purpose="Small refunds are paid at once, large ones are checked.",
    owner="Customer service",
    trigger="There are refunds in the queue",
    done="The queue is empty",
    parts=(
        Loop(
            "each",
            "Repeat for every refund in the queue",
            each="refunds in the queue",
            until="The queue is empty",
            body=(
                Task("open", "Open the refund", 'Such as "RF-7731"'),
                Task("amount", "Check the amount", "Such as $32.40 or $184.99"),
                Decision(
                    "above",
                    "Is the amount above 50 dollars?",
                    yes=(Task("lead", 'Click "Send to team lead"'),),
                    no=(Task("refund", 'Click "Refund now"'),),
                ),
                Task("queue", 'Click "Back to queue"'),
            ),
        ),
    ),
)


async def perform(take: Take) -> None:
    """Decide about two refunds."""
    take.step("each")
    await take.say("I go through every refund in the queue.")
    take.step("open")
    async with take.saying("I open the first refund."):
        await take.click("text=RF-7731")
    take.step("amount")
    async with take.saying("I check the amount. It is thirty two dollars."):
        await take.point("#amount")
        await take.reads("$32.40")
    take.step("above")
    await take.say("If the amount is above fifty dollars, I send it to the team lead.")
    take.step("refund")
    async with take.saying("Otherwise I click on refund now."):
        await take.click("text=Refund now")
        await take.shows("RF-7731 was refunded")
    take.step("queue")
    async with take.saying("Back to the queue."):
        await take.click("text=Back to queue")
    take.step("open")
    async with take.saying("The next refund."):
        await take.click("text=RF-7732")
    take.step("amount")
    async with take.saying("This one is one hundred and eighty four dollars, so it is above the limit."):
        await take.point("#amount")
        await take.reads("$184.99")
    take.step("lead")
    async with take.saying("I send it to the team lead."):
        await take.click("text=Send to team lead")
        await take.shows("RF-7732 waits for the team lead")
    take.step("queue")
    async with take.saying("And back to the queue again."):
        await take.click("text=Back to queue")


TASK = RecordedTask(
    name="refund-decision",
    task="Pay small refunds at once, and send those above 50 dollars to the team lead.",
    application="Brightcart",
    site="brightcart",
    host="admin.brightcart.example",
    outline=OUTLINE,
    perform=perform,
    voice="en-us+f3",
    words_per_minute=155,
)
