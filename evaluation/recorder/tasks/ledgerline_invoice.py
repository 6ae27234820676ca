"""The sample of the development stack: an open invoice above the limit."""

from evaluation.recorder.outline import Decision, Loop, Outline, Task
from evaluation.recorder.recorded_task import RecordedTask
from evaluation.recorder.take import Take

__all__ = ["TASK"]

OUTLINE = Outline(
    title="Handle open invoices in Ledgerline",
    goal="Every open invoice is approved or waits for a manager's approval.",
    purpose="Suppliers are paid, and large amounts are seen by a manager.",
    owner="Accounts payable",
    trigger="Open invoices in Ledgerline",
    done="All invoices are handled",
    parts=(
        Loop(
            "each",
            "Handle every open invoice",
            each="open invoices",
            until="No invoice is open any more",
            body=(
                Task("search", 'Search for the supplier, such as "Helios"', 'In the field "Search supplier or number"'),
                Task("open", "Open the invoice from the list", "Such as INV-2042"),
                Task("amount", "Check the amount", "Such as 3,480.50 EUR"),
                Decision(
                    "above",
                    "Is the amount above 1,000 euros?",
                    yes=(
                        Task("centre", "Choose the cost centre", 'For hardware "4200 Information technology"'),
                        Task(
                            "comment",
                            "Write into the comment what was bought",
                            'Such as "Three notebooks for the new team"',
                        ),
                        Task("request", 'Click "Request approval"'),
                        Task("manager", "Enter the name of the manager as approver", 'Such as "Jonas Weber"'),
                        Task("send", 'Click "Send request"'),
                        Task(
                            "confirm",
                            "Check that the status says that the invoice waits for the manager",
                            'A green message confirms the request, and the status is "Waiting for Jonas Weber"',
                        ),
                    ),
                    no=(Task("approve", 'Click "Approve" to approve the invoice yourself'),),
                ),
                Task("back", "Go back to the list of all invoices", 'With the button "All invoices"'),
            ),
        ),
    ),
)


async def perform(take: Take) -> None:
    """Ask a manager to approve an invoice."""
    await take.reads("Open invoices")
    await take.say("In this recording I show how we handle an open invoice in Ledgerline.")
    take.step("search")
    async with take.saying("First I search for the supplier, Helios."):
        await take.fill("#search", "Helios")
    take.step("open")
    async with take.saying("I open the invoice from the list."):
        await take.click("text=INV-2042")
    take.step("amount")
    async with take.saying("Now I check the amount. It is three thousand four hundred and eighty euros."):
        await take.point("#amount")
        await take.reads("3,480.50 EUR", "Helios Hardware AG")
    take.step("approve")
    async with take.saying("Up to one thousand euros I may approve it myself."):
        await take.point("#approve")
    take.step("above")
    async with take.saying("If the amount is above one thousand euros, I ask a manager for approval."):
        await take.point("#amount")
    take.step("centre")
    async with take.saying(
        "Before that, I choose the cost centre. This is hardware, so I take information technology."
    ):
        await take.choose("#centre", "4200 Information technology", downs=2)
    take.step("comment")
    async with take.saying("In the comment I write what was bought."):
        await take.fill("#comment", "Three notebooks for the new team")
    take.step("request")
    async with take.saying("Then I click on request approval."):
        await take.click("#request")
        await take.opens("Request approval")
    take.step("manager")
    async with take.saying("A dialog opens. I enter the name of the manager, Jonas Weber."):
        await take.reads("This invoice is above 1,000 euros. A manager has to approve it.")
        await take.fill("#approver", "Jonas Weber")
    take.step("send")
    async with take.saying("I send the request."):
        await take.click("#send")
        take.step("confirm")
        await take.shows("Approval requested for INV-2042.")
    async with take.saying("The green message confirms it, and the status says that the invoice is waiting for Jonas."):
        await take.reads("Waiting for Jonas Weber")
        await take.point("#status")
    take.step("back")
    async with take.saying("Finally I go back to the list, and repeat this for every open invoice."):
        await take.click("#back")


TASK = RecordedTask(
    name="ledgerline-invoice",
    task="Ask a manager to approve an open invoice above 1,000 euros in Ledgerline.",
    application="Ledgerline",
    site="ledgerline",
    host="ledgerline.example",
    outline=OUTLINE,
    perform=perform,
)
