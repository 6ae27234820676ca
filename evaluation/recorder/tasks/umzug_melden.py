"""German narration and a German page: a form of an authority."""

from evaluation.recorder.outline import Decision, Outline, Task
from evaluation.recorder.recorded_task import RecordedTask
from evaluation.recorder.take import Take

__all__ = ["TASK"]

OUTLINE = Outline(
    title="Einen Umzug im Bürgerportal melden",
    goal="Die neue Anschrift ist gemeldet.",
    purpose="Wer umzieht, muss das innerhalb von zwei Wochen melden.",
    owner="Bürgerbüro",
    trigger="Jemand ist umgezogen",
    done="Der Umzug ist gemeldet",
    parts=(
        Task("name", "Den Namen in das Feld „Familienname“ eintragen", "Zum Beispiel „Schäfer“"),
        Task("strasse", "Die neue Straße in das Feld „Neue Straße“ eintragen", "Zum Beispiel „Lindenweg 12“"),
        Task("datum", "Das Datum in das Feld „Einzug am“ eintragen", "Zum Beispiel „01.09.2026“"),
        Decision(
            "kinder",
            "Ziehen Kinder mit um?",
            yes=(Task("haken", "Den Haken bei „Kinder ziehen mit um“ setzen"),),
            no=(Task("weiter", "Den Haken weglassen"),),
        ),
        Task("senden", "Auf „Meldung absenden“ klicken"),
        Task("pruefen", "Prüfen, ob das Vorgangszeichen angezeigt wird", "Zum Beispiel „Vorgang BM-90417“"),
    ),
)


async def perform(take: Take) -> None:
    """Report a move."""
    await take.say("Ich zeige, wie wir einen Umzug melden.")
    take.step("name")
    async with take.saying("Zuerst trage ich den Familiennamen ein."):
        await take.fill("#name", "Schäfer")
    take.step("strasse")
    async with take.saying("Dann die neue Straße, Lindenweg zwölf."):
        await take.fill("#strasse", "Lindenweg 12")
    take.step("datum")
    async with take.saying("Hier steht das Datum des Einzugs."):
        await take.fill("#datum", "01.09.2026")
    take.step("kinder")
    async with take.saying("Wenn Kinder mit umziehen, setze ich diesen Haken."):
        await take.point("#kinder")
    take.step("haken")
    async with take.saying("Das ist hier der Fall."):
        await take.click("#kinder")
    take.step("weiter")
    await take.say("Sonst lasse ich ihn weg.")
    take.step("senden")
    async with take.saying("Jetzt klicke ich auf Meldung absenden."):
        await take.click("text=Meldung absenden")
        take.step("pruefen")
        await take.shows("Vorgang BM-90417 wurde angelegt.")
    await take.say("Das Vorgangszeichen zeigt, dass die Meldung angekommen ist.")


TASK = RecordedTask(
    name="umzug-melden",
    task="Einen Umzug im Bürgerportal melden.",
    application="Bürgerportal",
    site="buergerportal",
    host="buergerportal.example",
    outline=OUTLINE,
    perform=perform,
    voice="de",
    language="de",
)
