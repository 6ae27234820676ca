"""What the narration says: conditions, other ways, repetitions, reasons, what the recording is about. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from devstack.gemini_reading.sop.steps import seconds

__all__ = ["Sentence", "imperative", "question_of", "sentences", "told_action", "told_check"]

_ENDS = re.compile(r"(?<=[.!?])\s+")
_NOT_UNDERSTOOD = re.compile(r"\[[^\[\]]*\]")
_IF = re.compile(
    r"(?i)^(?:and |but |so |then |now )?(?:if|when|whenever|in case|wenn|falls|sobald)\s+(.+?),\s*(?:then |dann )?(.+)$"
)
_IF_LAST = re.compile(r"(?i)^(.+?),?\s+(?:only )?(?:if|in case|falls)\s+(.+)$")
_OTHERWISE = re.compile(
    r"(?i)^(?:otherwise|if not|or else|else|up to|below|under|unless|sonst|andernfalls|bis zu|unter)\b"
)
_LIMIT = re.compile(r"(?i)^(?:up to|below|under|bis zu|unter)\s")
_EACH = re.compile(
    r"(?i)\b(?:for|with)\s+((?:each|every|all)\b[^.,;!?]*)|\b(?:each|every)\s+(?:of\s+)?[^.,;!?]*"
    r"|\bf(?:ü|ue)r\s+((?:jede[nrs]?|alle)\b[^.,;!?]*)"
)
_REPEAT = re.compile(r"(?i)\b(repeat|again|same|for (each|every|all)|wiederhol|dasselbe|für (jede|alle))")
_REASON = re.compile(
    r"(?i)\b(because|since|so that|in order to|this is|that is why|therefore|weil|damit|deshalb|, so )"
)
_TOPIC = re.compile(
    r"(?i)\b(?:show(?:s)?(?: you)?|explain|demonstrate|see)\s+(?:you\s+)?how\s+(?:we|i|you|to)\s+(?:to\s+)?(.+)$"
    r"|\b(?:zeige ich|erkläre ich)[^,]*,\s*wie\s+(?:wir|ich|man)\s+(.+)$"
)
_PLACES = re.compile(r"(?i)^(?:first|then|now|next|finally|at the end|after that|before that|zuerst|dann|jetzt)\b,?\s*")
_CLOSING = re.compile(r"(?i)^(?:finally|at the end|in the end|in any case|either way|afterwards|zum schluss|am ende)\b")
_CHECKS = re.compile(r"(?i)\b(check|verify|make sure|see|look|confirm|prüfe|kontrollier|schau)")
_PRONOUN = re.compile(
    r"(?i)^(?:i|we|you|ich|wir|man)\s+(?:(?:may|can|must|have to|should|will|just|need to|kann|muss)\s+)*"
)
_INNER_ACTOR = re.compile(r"(?i)\b(?:i|we|you|ich|wir|man)\s")
_PERSON = re.compile(r"(?i)\b(?:them|him|her)\b(?!\s+[a-z])")
_CONTRACTED = re.compile(r"(?i)\b(i|we)'(?:ll|d|ve|m)\b")
_TOLD = re.compile(
    r"(?i)^(?P<lead>.*?)\b(?:i|we)\s+"
    r"(?:(?:just|only|also|then|now|again|may|can|must|have to|will|want to|need to)\s+)*"
    r"(?P<told>(?:add|approve|attach|call|change|choose|click|close|copy|correct|create|delete|download|drag|enter|export"
    r"|fill|go|import|log|mark|move|note|open|paste|pick|press|print|put|register|remove|run|save|scroll|search|select"
    r"|send|set|sign|submit|switch|tick|type|untick|upload|wait|write)\b.*)$"
)
_SO = re.compile(r"(?i)\bso\s*$")
_MOST_LEAD = 7
_JOINS = re.compile(r"(?i)^(?:and|but|so|then|now|first|next|finally|again|here|also)\b,?\s*")
_VERB = re.compile(
    r"(?i)^(.+?)\s+(is|are|has|was|were|can|does|shows|says|contains|needs|wants|asks|starts|ends|costs)\s+(.+)$"
)
_DOES = {
    "has": "have",
    "shows": "show",
    "says": "say",
    "contains": "contain",
    "needs": "need",
    "wants": "want",
    "asks": "ask",
    "starts": "start",
    "ends": "end",
    "costs": "cost",
}
_SHORT_IS = re.compile(r"(?i)\b(they|we|you)'re\b|\b(it|he|she|that|there)'s\b")
_TELLS = re.compile(
    r"(?i)\b(?:message|page|screen|status|list|notice|line|field|dialog|table)s?\s+(?:now\s+|also\s+)?"
    r"(?:says?|shows?|confirms?|tells?)\s+(?:us\s+|me\s+)?(?:that\s+)?(?P<what>.+)$"
)
_PROOF = re.compile(
    r"(?i)^(?P<what>(?:the|our|my)\s.+?\s(?:has|is|was|got)\s.+?),\s+so\s+(?:it|that|this|he|she|they|everything)\s+(?:is|are|has|was)\b"
)


@dataclass(frozen=True)
class Sentence:
    """One sentence of the narration.

    Attributes
    ----------
    start, end
        Seconds of the item it is in.
    item
        The item.
    condition, consequence
        Of a sentence with an "if": what has to hold, and what is done then.
    each
        Of a sentence that says that something is repeated: for what.
    """

    text: str
    start: float
    end: float
    item: dict[str, Any]
    condition: str = ""
    consequence: str = ""
    each: str = ""

    @property
    def is_other_way(self) -> bool:
        """Whether it says what is done where a condition does not hold."""
        return not self.condition and _OTHERWISE.search(self.text) is not None

    @property
    def is_reason(self) -> bool:
        """Whether it says why."""
        return _REASON.search(self.text) is not None

    @property
    def is_closing(self) -> bool:
        """Whether what it says is done in any case, at the end."""
        return _CLOSING.search(self.text) is not None

    @property
    def checks(self) -> bool:
        """Whether somebody looks at something on purpose."""
        return _CHECKS.search(self.text) is not None

    @property
    def topic(self) -> str:
        """What the recording is about, where it says so."""
        found = _TOPIC.search(self.text)
        return "" if found is None else (found.group(1) or found.group(2) or "").strip(" .!")


def sentences(items: Sequence[dict[str, Any]]) -> list[Sentence]:
    """Return the sentences of all audio items, in order."""
    found = []
    for item in items:
        spoken = str(item.get("verbatim_transcript_segment") or "").strip()
        start = seconds(item.get("timestamp_start_audio"))
        end = seconds(item.get("timestamp_end_audio")) or start
        spoken = _NOT_UNDERSTOOD.sub(" ", spoken)
        found += [_sentence(text.strip(), start, end, item) for text in _ENDS.split(spoken) if text.strip()]
    return found


def _sentence(text: str, start: float, end: float, item: dict[str, Any]) -> Sentence:
    condition = consequence = each = ""
    if found := _IF.search(text.rstrip(".!")):
        condition, consequence = found.group(1), found.group(2)
    elif (found := _IF_LAST.search(text.rstrip(".!"))) and not text.endswith("?"):
        condition, consequence = found.group(2), found.group(1)
    if _REPEAT.search(text) and (each_found := _EACH.search(text)):
        each = next(group for group in (*each_found.groups(), each_found.group()) if group).strip()
    return Sentence(text, start, end, item, condition.strip(), consequence.strip(), each)


def question_of(condition: str) -> str:
    """Return a condition as a question: "the amount is above 10" becomes "Is the amount above 10?"."""
    condition = _SHORT_IS.sub(lambda found: f"{found[1]} are" if found[1] else f"{found[2]} is", condition)
    found = _VERB.search(condition)
    if found is None:
        return f"Does this hold: {condition}?"
    subject, verb, rest = found.groups()
    if verb.casefold() in _DOES:
        return f"Does {subject} {_DOES[verb.casefold()]} {rest}?"
    return f"{verb.capitalize()} {subject} {rest}?"


def imperative(text: str, condition: str = "") -> str:
    """Return what somebody says they do as an instruction: "then I may approve it myself" as "Approve it yourself".

    A person who is named only in its condition is named in it, too: "if the customer is new, I call them".
    """
    if (named := _VERB.search(condition)) is not None:
        text = _PERSON.sub(named.group(1), text, count=1)
    said = _PLACES.sub("", text.strip(" .!"))
    limit = ""
    if _LIMIT.search(said) and (actor := _INNER_ACTOR.search(said)):
        limit, said = said[: actor.start()].strip(" ,"), said[actor.start() :]
    said = re.sub(r"(?i)^(otherwise|if not|or else|else|sonst|andernfalls)\b,?\s*", "", said)
    said = _PRONOUN.sub("", said.strip(" ,"))
    said = re.sub(r"(?i)\bmyself\b|\bourselves\b", "yourself", said).strip()
    said = said[:1].upper() + said[1:]
    return f"{said} ({limit[:1].lower()}{limit[1:]})" if limit else said


def told_check(text: str) -> str:
    """Return what somebody finds on the screen as a check of it; empty where they do not say what it shows.

    "The message says that the user was changed" becomes "Check that the user was changed".
    """
    found = _TELLS.search(text.strip(" .!")) or _PROOF.search(text.strip(" .!"))
    if found is None:
        return ""
    what = found["what"].strip(" ,")
    return f"Check that {what[:1].lower()}{what[1:]}"


def told_action(text: str) -> str:
    """Return what somebody says they do as an instruction; empty where they do not say that they do something.

    "At the end of the list I paste the number." becomes "Paste the number at the end of the list".
    """
    found = _TOLD.search(_CONTRACTED.sub(r"\1", text.strip(" .,!")))
    if found is None:
        return ""
    lead, told = found["lead"].strip(" ,"), found["told"].strip(" ,")
    while (shorter := _JOINS.sub("", lead)) != lead:
        lead = shorter
    if _SO.search(lead) or len(lead.split()) > _MOST_LEAD:
        lead = ""
    told = re.sub(r"(?i)\bmyself\b|\bourselves\b", "yourself", f"{told} {lead[:1].lower()}{lead[1:]}".strip())
    return told[:1].upper() + told[1:]
