"""Twelve minutes: all orders of a list are worked through, with a decision by the amount. Django's admin site."""

from evaluation.recorder.outline import Decision, Loop, Outline, Task
from evaluation.recorder.recorded_task import RecordedTask
from evaluation.recorder.take import Take

__all__ = ["TASK"]

OUTLINE = Outline(
    title="Check the new orders of the day",
    goal="Each new order is packed or on hold.",
    purpose="Large orders are only packed when they are paid.",
    owner="Dispatch",
    trigger="The orders of the day are complete",
    done="No order is new any more",
    parts=(
        Loop(
            "each",
            "Repeat for every new order",
            each="new orders in the list",
            until="No order is new any more",
            body=(
                Task(
                    "search",
                    'Type the number of the order into the search field and click "Search"',
                    'Such as "SO-3101"',
                ),
                Task("open", "Open the order", 'Such as "SO-3101"'),
                Task("amount", "Check the amount"),
                Decision(
                    "large",
                    "Is the amount above 500 euros?",
                    yes=(Task("hold", 'Set the status to "On hold"'),),
                    no=(Task("packed", 'Set the status to "Packed"'),),
                ),
                Task("save", 'Click "Save"'),
            ),
        ),
    ),
)
_ORDERS = (
    ("SO-3101", 412), ("SO-3102", 1980), ("SO-3103", 75), ("SO-3104", 640), ("SO-3105", 233), ("SO-3106", 58),
    ("SO-3107", 1215), ("SO-3108", 897), ("SO-3109", 149), ("SO-3110", 530), ("SO-3111", 310), ("SO-3112", 84),
)  # fmt: skip
_PHONE_SECONDS = 40.0
"""After each order somebody waits, or speaks with a colleague away from the screen."""


async def perform(take: Take) -> None:
    """Check twelve orders."""
    take.step("each")
    await take.say("I check all new orders of the day, one after the other.")
    take.step("large")
    await take.say("If the amount is above five hundred euros, the order is put on hold. Otherwise it is packed.")
    for number, amount in _ORDERS:
        await _one(take, number, amount)
        take.step(None)
        await take.idle(_PHONE_SECONDS)
    take.step("each")
    await take.say("Now no order is new any more.")


async def _one(take: Take, number: str, amount: int) -> None:
    last = number[-2:]
    take.step("search")
    async with take.saying(f"I search for the order that ends with {int(last)}."):
        await take.replace("#searchbar", number)
        await take.click("#changelist-search input[type=submit]")
    take.step("open")
    async with take.saying("I open it."):
        await take.click(f"text={number}")
    take.step("amount")
    async with take.saying("I look at the amount."):
        await take.point("#id_amount")
    await take.say(f"It is {amount} euros.")
    if amount > 500:
        take.step("hold")
        async with take.saying("That is above five hundred, so it is put on hold until it is paid."):
            await take.choose("#id_state", "On hold", downs=3)
    else:
        take.step("packed")
        async with take.saying("That is not much, so it can be packed."):
            await take.choose("#id_state", "Packed", downs=1)
    take.step("save")
    async with take.saying("I save the order."):
        await take.click("input[name=_save]")
        await take.shows(f"The order “{number}” was changed successfully.")


TASK = RecordedTask(
    name="twelve-minutes",
    task="Check twelve new orders, and put those above 500 euros on hold.",
    application="Harbour & Sons",
    site="office",
    host="office.example",
    page="office/order/",
    outline=OUTLINE,
    perform=perform,
    voice="en-us",
    framed=True,
)
