"""Words of the same meaning, and words that tell little about a step: actions, parts of a screen, small words. Pure."""

from typing import Final

__all__ = ["ACTIONS", "PARTS", "SMALL", "folded", "word_set"]


def word_set(text: str) -> frozenset[str]:
    """Return the words between the blanks of a text."""
    return frozenset(text.split())


_SAME_ACTION: Final = {
    "click": "clicks clicking clicked press presses pressing tap taps hit klicken klicke klickt anklicken drücken",
    "select": (
        "selects selecting selected choose chooses choosing chosen pick picks set auswählen wähle wählen wählt aus"
    ),
    "type": (
        "types typing typed enter enters entering entered input inputs fill fills filling write writes writing key "
        "eingeben geben gib trage tragen eintragen ausfüllen schreiben schreibe"
    ),
    "open": "opens opening opened launch launches start go navigate visit öffnen öffne öffnet starten gehe gehen",
    "search": "searches searching find finds finding look suchen suche sucht finden",
    "check": "checks checking checked verify verifies confirm confirms review inspect prüfen prüfe prüft kontrollieren",
    "send": "sends sending sent submit submits senden sende absenden schicken abschicken",
    "close": "closes closing closed dismiss schließen schließe",
    "save": "saves saving saved store speichern speichere sichern",
    "return": "returns back zurück zurückgehen",
    "wait": "waits waiting warten warte",
    "copy": "copies copying copied kopieren kopiere",
    "paste": "pastes pasting pasted einfügen füge",
    "scroll": "scrolls scrolling scrolle blättern",
    "drag": "drags dragging move moves ziehen ziehe verschieben",
    "repeat": "repeats repeating wiederholen wiederhole",
}
_SAME_OTHER: Final = {
    "above": "greater more over exceed exceeds exceeding larger higher mehr größer höher über übersteigt",
    "below": "less under smaller lower weniger kleiner niedriger unter",
    "equal": "equals same gleich",
    "euro": "euros eur €",
    "dollar": "dollars usd $",
    "pound": "pounds gbp £",
}
ACTIONS: Final = frozenset(_SAME_ACTION)
"""One word for each action."""
PARTS: Final = word_set(
    "button field box textbox page dialog window list menu dropdown drop-down tab screen form link icon option row "
    "table entry item section popup message panel "
    "schaltfläche knopf feld seite fenster liste menü formular zeile tabelle maske reiter dialogfenster"
)
"""Parts of a screen."""
SMALL: Final = word_set(
    "a an the this that these those it its to of in on at by for from with and or as is are be if then into onto "
    "your you i we my our up out each every all such e.g what was were which who than there any "
    "der die das den dem des ein eine einen einem einer und oder in im an am auf zu zum zur mit von für ist sind es "
    "sie ich wir dann bei jede jeden jeder alle als was z.b wie"
)
"""Words that stand in every sentence."""
_FOLDED: Final = {
    form: word for same in (_SAME_ACTION, _SAME_OTHER) for word, forms in same.items() for form in forms.split()
}


def folded(word: str) -> str:
    """Return the one word for several of the same meaning; another word as it is."""
    return _FOLDED.get(word, word)
