"""Two applications: a contract number is copied from a web page into a text editor of the desktop, and saved."""

from evaluation.recorder.outline import Outline, Task
from evaluation.recorder.recorded_task import RecordedTask, Window
from evaluation.recorder.take import Take

__all__ = ["TASK"]

OUTLINE = Outline(
    title="Note a contract for a call back",
    goal="The contract is on the list of calls.",
    purpose="Customers whose contract ends are called before that.",
    owner="Sales",
    trigger="A contract ends this month",
    done="The list of calls is saved",
    parts=(
        Task("copy", "Copy the contract number from the customer's page", 'Such as "KV-558-2093", with Ctrl+C'),
        Task("editor", "Switch to Mousepad, in which the list of calls is open", "calls.txt"),
        Task("paste", "Paste the contract number at the end of the list"),
        Task("when", "Type when the customer is to be called", 'Such as "call on Monday"'),
        Task("save", "Save the list with Ctrl+S"),
        Task("back", "Switch back to the browser"),
    ),
)
_NUMBER = "KV-558-2093"


async def perform(take: Take) -> None:
    """Copy the number, and add it to the list."""
    await take.reads("Ends on 30 April")
    await take.say("This contract ends in April, so I put it on my list of calls.")
    take.step("copy")
    async with take.saying("I select the contract number and copy it."):
        number = await take.copy("#number")
    assert number == _NUMBER
    take.step("editor")
    async with take.saying("Then I switch to the text editor."):
        await take.switch_to("Mousepad", title="Mousepad")
    take.step("paste")
    async with take.saying("At the end of the list I paste the number."):
        await take.press("ctrl+End")
        await take.paste(number, target="calls.txt")
    take.step("when")
    async with take.saying("And I type when I want to call."):
        await take.type(" call on Monday", target="calls.txt")
    take.step("save")
    async with take.saying("I save the list."):
        await take.press("ctrl+s")
    await take.wrote(take.folder / "calls.txt", f"{_NUMBER} call on Monday")
    take.step("back")
    async with take.saying("And I go back to the browser."):
        await take.switch_to("Kite CRM", title="Chromium")


TASK = RecordedTask(
    name="copy-to-notes",
    task="Copy a contract number from a web page into a list in a text editor, and save the list.",
    application="Kite CRM",
    site="kite",
    host="crm.kite.example",
    outline=OUTLINE,
    perform=perform,
    voice="en-gb-scotland",
    framed=True,
    window=Window("mousepad", title="calls.txt", file=("calls.txt", "Calls in April\nKV-412-8850 call on Friday\n")),
)
