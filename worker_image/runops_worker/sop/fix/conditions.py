"""What models write on edges, and which of the four conditions that is. Pure."""

import re
from collections.abc import Iterable
from typing import Literal

__all__ = ["leans_to", "leaves_a_loop", "says"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_YES = _words(
    "yes y true 1 on ok then positive affirmative correct ja jo oui si sí sim da tak ano áno igen kyllä evet да"
    " כן نعم हाँ có ya vrai wahr waar vero verdadero verdadeiro prawda истина はい 是 是的 有 예 네"
)
_NO = _words(
    "no n false 0 off else otherwise negative default nein non não nee net nej nei nie ne nem ei нет לא لا नहीं"
    " không tidak faux falsch onwaar falso fałsz ложь いいえ 否 不 不是 没有 아니오 아니요 sonst ansonsten"
    " andernfalls sinon autrement si_no de_lo_contrario altrimenti senão caso_contrário anders inaczej"
    " w_przeciwnym_razie иначе if_not wenn_nicht falls_nicht それ以外 否则 그외"
)
_BEFORE_ANSWER = re.compile(
    r"(?:if|when|wenn|falls|bei|si|se|als|jeśli|jeżeli|gdy|если|answer|antwort)[ :-]+(?:is |ist )?"
)
_ANSWER_FIRST = re.compile(r"([^\W_]+)\s*[,(:;.!\u2013\u2014-]")
_NEGATED = re.compile(
    r"(?:is |are |was |does |do |has |have |it |there )*(?:not|no|never|without|isn't|doesn't|nicht|kein\w*|ohne|pas|ne"
    r"|non|sans|sin|sem|senza|niet|geen|zonder|nie|bez|не|без)\b|[不没無未]"
)
_FAILED = _words(
    "rejected refused denied declined failed fails fail failure unsuccessful invalid incorrect wrong missing"
    " absent mismatch unavailable unapproved disapproved unpaid incomplete abgelehnt ungültig falsch"
    " fehlgeschlagen fehlt refusé échec invalide rechazado rechazada fallido inválido respinto fallito rejeitado"
    " afgewezen odrzucone"
)
"""Answers of which the other one is a yes, unless the question asks for just that."""
_ALL_PROCESSED = _words(
    "all_processed processed all_done done exit finished completed complete end after break exit_loop loop_end"
)
_NEXT = _words("next then_next continue each loop back repeat for_each body start go onward flow sequence")


def _bare(condition: str) -> str:
    return "_".join(condition.casefold().replace("-", " ").replace("_", " ").split())


def says(condition: str) -> Literal["yes", "no", "next", "all_processed"] | None:
    """Return which condition a text means; None for a text such as `approved`, which means something else.

    An answer may have a word before it ("if yes") and more behind it ("No (skip it)").
    """
    bare = _bare(condition)
    if bare in _NO:
        return "no"
    answer = _BEFORE_ANSWER.sub("", " ".join(condition.casefold().replace("_", " ").split()))
    first = _ANSWER_FIRST.match(answer)
    said = {bare, _bare(answer), *(() if first is None else (first[1],))}
    if said & _YES:
        return "yes"
    if said & _NO:
        return "no"
    if bare in _ALL_PROCESSED:
        return "all_processed"
    return "next" if bare in _NEXT or not bare else None


def leans_to(condition: str, *, question: str, others: Iterable[str]) -> Literal["yes", "no"] | None:
    """Return which answer of a decision a text is that is neither yes nor no; None where it could be both.

    Parameters
    ----------
    condition
        Such as `not found`.
    question
        Label of the decision. What it asks for is its yes.
    others
        The texts of its other answers: beside `rejected`, `approved` is a yes.
    """
    if _is_no(condition, question):
        return "no"
    return "yes" if any(_is_no(other, question) for other in others) else None


def _is_no(condition: str, question: str) -> bool:
    text = condition.casefold().strip()
    if text in question.casefold():
        return False
    return _NEGATED.match(text) is not None or not _FAILED.isdisjoint(re.findall(r"\w+", text))


def leaves_a_loop(condition: str) -> bool:
    """Tell whether a condition means that a loop is over."""
    return says(condition) == "all_processed"
