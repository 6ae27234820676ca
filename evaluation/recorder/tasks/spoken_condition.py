"""A condition that is only spoken: nothing on the screen shows when a ticket is called about instead."""

from evaluation.recorder.outline import Decision, Outline, Task
from evaluation.recorder.recorded_task import RecordedTask
from evaluation.recorder.take import Take

__all__ = ["TASK"]

OUTLINE = Outline(
    title="Answer a ticket about a late delivery",
    goal="The customer knows when the delivery comes.",
    purpose="Customers who know when it comes do not write again.",
    owner="Support",
    trigger="A ticket about a late delivery comes in",
    done="The ticket is answered",
    parts=(
        Task("open", "Open the ticket", 'Such as "Where is my delivery?"'),
        Decision(
            "hospital",
            "Is the customer a hospital?",
            yes=(Task("call", "Call the customer"),),
            no=(
                Task("answer", "Type an answer", 'Such as "Your parcel arrives on Thursday."'),
                Task("send", 'Click "Send reply"'),
            ),
        ),
        Task("tag", 'Add the tag "delivery"'),
        Task("close", 'Click "Mark as solved"'),
    ),
)


async def perform(take: Take) -> None:
    """Answer, and say when one would call."""
    take.step("open")
    async with take.saying("I open the ticket about the late delivery."):
        await take.click("text=Where is my delivery?")
    take.step("hospital")
    await take.say("If the customer is a hospital, I call them.")
    take.step("call")
    await take.say("A hospital never waits for a mail.")
    take.step("answer")
    async with take.saying("Otherwise I write an answer."):
        await take.fill("#answer", "Your parcel arrives on Thursday.")
    take.step("send")
    async with take.saying("I click on send reply."):
        await take.click("text=Send reply")
        await take.shows("Reply sent")
    take.step("tag")
    async with take.saying("I add the tag delivery, so that we can count these tickets."):
        await take.fill("#tag", "delivery")
    take.step("close")
    async with take.saying("And I mark it as solved."):
        await take.click("text=Mark as solved")
        await take.shows("Solved")


TASK = RecordedTask(
    name="spoken-condition",
    task="Answer a ticket, with an exception that is only spoken about.",
    application="Lantern Helpdesk",
    site="lantern",
    host="help.lantern.example",
    outline=OUTLINE,
    perform=perform,
    voice="en",
    framed=True,
)
