"""A form: everything that a form can have is filled in once."""

from evaluation.recorder.outline import Outline, Task
from evaluation.recorder.recorded_task import RecordedTask
from evaluation.recorder.take import Take

__all__ = ["TASK"]

OUTLINE = Outline(
    title="Register a new supplier in Nimbus",
    goal="The supplier is registered and can be paid.",
    purpose="Invoices of suppliers that are not registered cannot be paid.",
    owner="Purchasing",
    trigger="A new supplier has been agreed on",
    done="The supplier is registered",
    parts=(
        Task("company", 'Type the company name into "Company name"', 'Such as "Polaris Print Studio"'),
        Task("email", 'Type the e-mail address into "Billing email"', 'Such as "billing@polaris.example"'),
        Task("country", "Choose the country", 'Such as "Ireland"'),
        Task("terms", 'Choose the payment terms "30 days"', "Because that is agreed with all new suppliers"),
        Task("agreement", 'Tick "Signed agreement is on file"'),
        Task("notes", "Write into the notes what the supplier is for", 'Such as "Prints our trade fair banners"'),
        Task("register", 'Click "Register supplier"'),
        Task("confirm", "Check that the supplier got a number", 'Such as "Supplier S-20417 was registered"'),
    ),
)


async def perform(take: Take) -> None:
    """Register a supplier."""
    await take.say("I register a new supplier in Nimbus.")
    take.step("company")
    async with take.saying("First I type the company name, Polaris Print Studio."):
        await take.fill("#company", "Polaris Print Studio")
    take.step("email")
    async with take.saying("Then the address for billing."):
        await take.fill("#email", "billing@polaris.example")
    take.step("country")
    async with take.saying("The country is Ireland."):
        await take.choose("#country", "Ireland", downs=3)
    take.step("terms")
    async with take.saying("The payment terms are thirty days, as agreed with all new suppliers."):
        await take.click("text=30 days")
    take.step("agreement")
    async with take.saying("The agreement is signed, so I tick that it is on file."):
        await take.click("#agreement")
    take.step("notes")
    async with take.saying("In the notes I write what the supplier is for."):
        await take.fill("#notes", "Prints our trade fair banners")
    take.step("register")
    async with take.saying("Now I click on register supplier."):
        await take.click("text=Register supplier")
        take.step("confirm")
        await take.shows("Supplier S-20417 was registered")
    await take.say("The supplier has a number, so it is registered.")


TASK = RecordedTask(
    name="supplier-form",
    task="Register a new supplier in a form.",
    application="Nimbus",
    site="nimbus",
    host="nimbus.example",
    outline=OUTLINE,
    perform=perform,
    voice="en-us",
    framed=True,
)
