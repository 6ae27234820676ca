"""A table worked through in a loop: every new order gets a tracking number and is shipped. Django's admin site."""

from evaluation.recorder.outline import Loop, Outline, Task
from evaluation.recorder.recorded_task import RecordedTask
from evaluation.recorder.take import Take

__all__ = ["TASK"]

OUTLINE = Outline(
    title="Mark new orders as shipped",
    goal="Every new order has a tracking number and the status Shipped.",
    purpose="Customers can follow their parcels.",
    owner="Dispatch",
    trigger="Parcels were handed to the carrier",
    done="All new orders are shipped",
    parts=(
        Loop(
            "each",
            "Repeat for every new order",
            each="new orders in the list",
            until="No order is new any more",
            body=(
                Task("open", "Open the order from the list", 'Such as "SO-3101"'),
                Task("status", 'Set the status to "Shipped"'),
                Task("tracking", 'Type the tracking number into "Tracking number"', 'Such as "JD0140551"'),
                Task("save", 'Click "Save"', "The list says that the order was changed successfully"),
            ),
        ),
    ),
)
_ORDERS = (
    ("SO-3101", "JD0140551", "I open the first order", "I set the status to shipped"),
    ("SO-3102", "JD0140552", "Now the second one", "Again the status is shipped"),
    ("SO-3103", "JD0140553", "And the third one", "Shipped as well"),
)


async def perform(take: Take) -> None:
    """Ship three orders."""
    take.step("each")
    await take.say("I do this for every new order in the list.")
    for number, tracking, first, second in _ORDERS:
        take.step("open")
        async with take.saying(f"{first}."):
            await take.click(f"text={number}")
            await take.reads(number)
        take.step("status")
        async with take.saying(f"{second}."):
            await take.choose("#id_state", "Shipped", downs=2)
        take.step("tracking")
        async with take.saying("I type the tracking number."):
            await take.fill("#id_tracking", tracking)
        take.step("save")
        async with take.saying("And save."):
            await take.click("input[name=_save]")
            await take.shows(f"The order “{number}” was changed successfully.")


TASK = RecordedTask(
    name="orders-shipped",
    task="Give each new order its tracking number and mark it as shipped.",
    application="Harbour & Sons",
    site="office",
    host="office.example",
    page="office/order/",
    outline=OUTLINE,
    perform=perform,
    voice="en-us",
    words_per_minute=160,
)
