"""A login with a password that must not be told; then an account is switched off. Django's admin site."""

from evaluation.recorder.office.sign_in import PASSWORD, USER
from evaluation.recorder.outline import Outline, Task
from evaluation.recorder.recorded_task import RecordedTask
from evaluation.recorder.take import Take

__all__ = ["TASK"]

OUTLINE = Outline(
    title="Deactivate the account of somebody who has left",
    goal="The account cannot be used any more.",
    purpose="Nobody who has left can log in.",
    owner="IT support",
    trigger="Somebody has left the company",
    done="The account is inactive",
    parts=(
        Task("login", "Log in to the admin site", 'With your user name, such as "clara.stone", and your password'),
        Task("users", 'Click "Users"'),
        Task("open", "Open the user who has left", 'Such as "erin.walsh"'),
        Task("active", 'Scroll to "Active" and untick it', "Accounts are not deleted, because their history is needed"),
        Task("save", 'Scroll to the end of the page and click "Save"'),
        Task("confirm", "Check that the user was changed successfully"),
    ),
)


async def perform(take: Take) -> None:
    """Log in and deactivate a user."""
    take.step("login")
    async with take.saying("First I log in with my user name and my password."):
        await take.click("#id_username")
        await take.type(USER)
        await take.click("#id_password")
        await take.type_secret(PASSWORD)
        await take.click("input[type=submit]")
    await take.reads("Site administration")
    take.step("users")
    async with take.saying("I click on users."):
        await take.click("text=Users")
    take.step("open")
    async with take.saying("Erin Walsh has left the company, so I open her account."):
        await take.click("text=erin.walsh")
    take.step("active")
    async with take.saying("We never delete an account, because we need its history. I only untick active."):
        await take.scroll_to("#id_is_active")
        await take.click("#id_is_active")
    take.step("save")
    async with take.saying("Then I scroll to the end and save."):
        await take.scroll_to("input[name=_save]")
        await take.click("input[name=_save]")
        take.step("confirm")
        await take.shows("The user “erin.walsh” was changed successfully.")
    await take.say("The message says that the user was changed.")


TASK = RecordedTask(
    name="deactivate-user",
    task="Log in to an admin site and deactivate the account of somebody who has left.",
    application="Harbour & Sons",
    site="office/signed-out",
    host="office.example",
    outline=OUTLINE,
    perform=perform,
    words_per_minute=155,
    framed=True,
)
