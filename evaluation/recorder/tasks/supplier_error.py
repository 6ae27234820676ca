"""An error and its correction: a mail address is refused, and typed again. Django's admin site."""

from evaluation.recorder.outline import Decision, Outline, Task
from evaluation.recorder.recorded_task import RecordedTask
from evaluation.recorder.take import Take

__all__ = ["TASK"]

OUTLINE = Outline(
    title="Add a supplier",
    goal="The supplier is in the list.",
    purpose="Orders can be placed with the supplier.",
    owner="Purchasing",
    trigger="Somebody wants to order from a new supplier",
    done="The supplier was added",
    parts=(
        Task("add", 'Click "Add supplier"'),
        Task("name", 'Type the name into "Name"', 'Such as "Tidewater Sails"'),
        Task("city", 'Type the city into "City"', 'Such as "Bristol"'),
        Task("email", 'Type the address into "E-mail address"', 'Such as "info@tidewater.example"'),
        Task("save", 'Click "Save"'),
        Decision(
            "error",
            'Does the page show "Please correct the error below."?',
            yes=(
                Task("correct", "Correct the e-mail address", 'To "info@tidewater.example"'),
                Task("again", 'Click "Save" again'),
            ),
        ),
        Task("confirm", "Check that the supplier was added successfully"),
    ),
)


async def perform(take: Take) -> None:
    """Add a supplier, with a mistake."""
    take.step("add")
    async with take.saying("I add a supplier."):
        await take.click("text=ADD SUPPLIER")
    take.step("name")
    async with take.saying("The name is Tidewater Sails."):
        await take.fill("#id_name", "Tidewater Sails")
    take.step("city")
    async with take.saying("They are in Bristol."):
        await take.fill("#id_city", "Bristol")
    take.step("email")
    async with take.saying("I type the e-mail address."):
        await take.fill("#id_email", "info@tidewater")
    take.step("save")
    async with take.saying("And I save."):
        await take.click("input[name=_save]")
        take.step("error")
        await take.shows("Please correct the error below.")
    async with take.saying("If the page shows an error, I correct it. The address was not complete."):
        await take.reads("Enter a valid email address.")
        await take.point("#id_email")
    take.step("correct")
    await take.replace("#id_email", "info@tidewater.example")
    take.step("again")
    async with take.saying("Now I save again."):
        await take.click("input[name=_save]")
        take.step("confirm")
        await take.shows("The supplier “Tidewater Sails” was added successfully.")
    await take.say("The supplier was added.")


TASK = RecordedTask(
    name="supplier-error",
    task="Add a supplier, and correct an address that was refused.",
    application="Harbour & Sons",
    site="office",
    host="office.example",
    page="office/supplier/",
    outline=OUTLINE,
    perform=perform,
    voice="en-us",
    words_per_minute=155,
)
