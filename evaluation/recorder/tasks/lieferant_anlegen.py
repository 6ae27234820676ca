"""German narration, and Django's admin site in German."""

from evaluation.recorder.outline import Outline, Task
from evaluation.recorder.recorded_task import RecordedTask
from evaluation.recorder.take import Take

__all__ = ["TASK"]

OUTLINE = Outline(
    title="Einen Lieferanten anlegen",
    goal="Der Lieferant steht in der Liste.",
    purpose="Bei ihm kann bestellt werden.",
    owner="Einkauf",
    trigger="Ein neuer Lieferant wird gebraucht",
    done="Der Lieferant ist angelegt",
    parts=(
        Task("neu", "Auf „Lieferant hinzufügen“ klicken"),
        Task("name", "Den Namen eintragen", "Zum Beispiel „Hansen Segel“"),
        Task("ort", "Den Ort eintragen", "Zum Beispiel „Flensburg“"),
        Task("mail", "Die E-Mail-Adresse eintragen", "Zum Beispiel „post@hansen.example“"),
        Task("ziel", "Das Zahlungsziel auf 30 Tage ändern", "So ist es mit allen Segelmachern vereinbart"),
        Task("sichern", "Auf „Sichern“ klicken", "Die Meldung bestätigt, dass der Lieferant hinzugefügt wurde"),
    ),
)


async def perform(take: Take) -> None:
    """Add a supplier."""
    take.step("neu")
    async with take.saying("Ich lege einen neuen Lieferanten an."):
        await take.click("text=LIEFERANT HINZUFÜGEN")
    take.step("name")
    async with take.saying("Der Name ist Hansen Segel."):
        await take.fill("#id_name", "Hansen Segel")
    take.step("ort")
    async with take.saying("Der Ort ist Flensburg."):
        await take.fill("#id_city", "Flensburg")
    take.step("mail")
    async with take.saying("Dann die E-Mail-Adresse."):
        await take.fill("#id_email", "post@hansen.example")
    take.step("ziel")
    async with take.saying("Das Zahlungsziel ist dreißig Tage, so ist es mit allen Segelmachern vereinbart."):
        await take.replace("#id_days", "30")
    take.step("sichern")
    async with take.saying("Zum Schluss sichere ich."):
        await take.click("input[name=_save]")
        await take.shows("wurde erfolgreich hinzugefügt")


TASK = RecordedTask(
    name="lieferant-anlegen",
    task="Einen neuen Lieferanten in der Warenwirtschaft anlegen.",
    application="Harbour & Sons",
    site="office",
    host="office.example",
    page="office/supplier/",
    outline=OUTLINE,
    perform=perform,
    voice="de",
    language="de",
    framed=True,
)
