"""Finds secrets that the text itself names: "the password is ...", `API_KEY=...`, "PIN 4711". Pure.

A name alone is no secret. What follows it is one if it is assigned (`:`, `=`), quoted, or said ("is", "to"), and is not
one of the words that usually follow such a name ("the password is required").
"""

import re
from collections.abc import Callable, Iterator

from runops.recorded_secrets.ordinary_words import FILLERS, FUNCTION_WORDS, NO_SECRETS, SPELLING
from runops.recorded_secrets.span import Kind, Span
from runops.recorded_secrets.spoken_digits import DIGIT

__all__ = ["NAMES", "is_announced_at_end", "named_values", "said_value"]

_CALLED_SO = (
    r"password|passwd|passcode|pass[ -]code|pass(?:wort|phrase)|kennwort|pwd|contrase(?:ñ|n)a|mot de passe|senha"
    r"|wachtwoord|hasło|salasana|lösenord|adgangskode|passord|parola d'ordine|parolă|şifre|heslo|jelszó|lozinka|geslo"
    r"|пароль|парола|кодовое слово|κωδικός πρόσβασης|סיסמה|كلمة (?:المرور|السر)|पासवर्ड|รหัสผ่าน|mật khẩu|kata sandi"
    r"|密码|密碼|パスワード|비밀번호|암호"
)
_CALLED_CODE = (
    r"(?:one[- ]time|verification|confirmation|security|authentication|authenticator|log-?in|sign-?in|2fa"
    r"|two[- ]factor|mfa|sms|access|unlock|recovery|backup|reset|door|alarm|einmal|bestätigungs|sicherheits|zugangs)"
    r"[- ]?(?:code|pin|kode)s?|\botp\b(?: code)?|\b(?:push|photo|chip|sms|i|m)-?tan\b|(?-i:\bTAN\b)"
    r"|\b(?:\d|four|five|six|seven|eight)[- ]digit code"
    r"|\bcode (?:de vérification|de confirmation|de sécurité|à usage unique)"
    r"|\bcódigo de (?:verificación|confirmación|seguridad|verificação|confirmação|segurança)"
    r"|\bcodice di (?:verifica|conferma|sicurezza)|\b(?:verificatie|bevestigings)code|\bkod (?:weryfikacyjny|sms)\b"
    r"|認証コード|確認コード|验证码|인증번호"
)
_CALLED_KEY = (
    r"api[_ -]?(?:key|token|secret)|(?:secret|access|private|account|encryption|signing|license)[_ -]?key"
    r"|secret[_ -]?access[_ -]?key|(?:client|webhook|app|shared)[_ -]?secret|sharedaccess(?:key|signature)"
    r"|(?:wi-?fi|wlan|network|netzwerk|wpa[23]?|wep)[ -]?(?:key|schlüssel)"
    r"|(?:auth|access|refresh|session|bearer|id|bot|deploy|personal access)[_ -]?token"
)
NAMES = re.compile(
    rf"(?i)(?:(?P<password>{_CALLED_SO})"
    rf"|(?P<phrase>(?:seed|recovery|mnemonic|secret recovery) phrase)"
    rf"|(?P<code>{_CALLED_CODE})"
    rf"|(?P<key>{_CALLED_KEY})"
    r"|(?P<cvv>\b(?:cvv2?|cvc2?|kartenprüf(?:nummer|ziffer)|cryptogramme visuel"
    r"|card (?:security|verification) (?:code|number))\b)"
    r"|(?P<pin>\bpin(?:[ -]?(?:code|number|nummer))?\b)"
    r"|(?P<short>(?<![A-Za-z])(?:pass|pw|clave|secret|token)))"
    r"(?![A-Za-zäöüß])"
)
"""Names of secrets; the group that took part says of which kind."""
_FOR_WHAT = r"(?:[ ](?:for|of|für|von|pour|de|para)(?:[ ][\w.@'-]{1,40}){1,3}|[ ]?\([^()\n]{1,40}\))?"
_ASSIGNED = re.compile(r"[_-]?\d{0,2}[\"'`\])]{0,2}[ \t]{0,3}(?P<sign>:=|=>|={1,2}|[:：])[ \t]{0,3}")  # noqa: RUF001
_ASSIGNED_FOR = re.compile(rf"(?i){_FOR_WHAT}(?P<sign>[:：])[ \t]{{1,3}}")  # noqa: RUF001
_SAID = re.compile(
    r"(?i)(?:[ ](?:for|of|on|to|für|von|zu|pour|de|para)[ ](?:[\w.@'-]{1,40}[ ]){1,5}?)?"
    r"[ ]?(?:(?<= )(?:is|was|will be|equals|reads|ist|lautet|heißt|est|es|è|é|jest)\b|['’]s\b)[ ]{0,3}:?[ ]{0,3}"  # noqa: RUF001
)
_SAID_WITHOUT_SPACES = re.compile(r"[ ]?[は是는은][ ]?((?=[!-~]*\d)(?=[!-~]*[A-Za-z])[!-~]{5,200})")
_CHANGED = re.compile(
    r"(?i)[ ](?:is|was|has been|gets|got|wurde|wird|jetzt)?[ ]?(?:now )?(?:changed|set|reset|updated)[ ](?:to|as)[ ]"
)
_GAP_BEFORE_QUOTE = re.compile(
    r"(?i)(?:[ ](?:field|box|input|prompt|now|is|as|shows?|contains?|reads?|with|displayed|visible|value|the|text|of|to"
    r"|reveals?|entered|typed|set|ist|zeigt|steht|im|feld)){0,6}[ ,:]{1,3}(?=[\"'“„‘«`])"  # noqa: RUF001
)
_DIRECT = re.compile(
    r"(?:[ ]|\n[ \t]{0,3})(?:to[ ]|as[ ]|of[ ]|mit[ ]|auf[ ])?(?=(?=\S*\d)(?=\S*[^\W\d_])[^\s\"',;:()]{5,})"
)
_POINTED_AT = re.compile(r"[ ]{1,2}(?:[-\u2010-\u2015\u2192]|->)[ ]{1,2}|[ ]\(")
_NEXT_LINE = re.compile(r"[ ]?[:：][ \t]{0,3}\n[ \t]{0,3}")  # noqa: RUF001
"""What may stand between the name and a value that has a digit or a sign in it."""
_CHOSEN = r"(?=[^\s]{0,60}\d)(?=[^\s]{0,60}[A-Za-z])[^\s\"'“”„,;:()<>\[\]]{5,60}?"
_A = r"(?:(?:the|a|my|our|your|das|ein|mein|dein|unser|ihr|le|un|mon|votre|la|el|mi|su|il|a|o|het|mijn)[ ])?"
_ENTERS = (
    r"(?:enter|enters|type|types|typing|use|using|put|paste|tippe|tippen sie|gib|geben sie|saisissez|tapez|escriba"
    r"|escribe|inserisci|digite|typ|wpisz)"
)
_NO_INPUT = r"manager|reset|polic|generator|hint|setting|page|length|protect|recover|change|rule|prompt"
_BEFORE_ITS_NAME = re.compile(
    rf"(?i)(?<![^\s\"'“„(])({_CHOSEN})[\"'”“]?[ ](?:is|ist|est|es|è|é|as|als|comme|como|come)[ ]{_A}"
    rf"(?:\w{{1,20}}[ ])?(?:{_CALLED_SO})(?!\w|[ -](?:{_NO_INPUT}|field|box|input))"
    rf"|\b{_ENTERS}[ ][\"'“„]?({_CHOSEN})[\"'”“]?[ ](?:for|in|into|ins|im|für|pour|para|per|en|dans|nel|no)[ ]{_A}"
    rf"(?:{_CALLED_SO})(?![ -](?:{_NO_INPUT}))"
)
"""A value that has a digit in it, and behind it what it is: "hunter2 is the password"."""
_SPACE = re.compile(r"[ ]")
_QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "„": "“", "‘": "’", "«": "»"}  # noqa: RUF001
_LONGEST = 200
_TOKEN = re.compile(r"[^\s\"'`<>|]{1,400}")
_NEXT_SETTING = re.compile(r"[;&](?=[\w .-]{1,40}=)")
_TEMPLATE = re.compile(r"\$\{?[A-Z_a-z]+\}?|\{[^}]*\}?|<[^>]*>?|\[[^\]]*\]?|%\w+%|[*•●·∙_.-]+|[xX]{3,}")
_ALGORITHM = re.compile(r"(?i)sha-?\d+|md5|oauth-?2(?:\.0)?|bcrypt|argon2\w*|pbkdf2|2fa|base64|utf-?8|v\d+|ntlmv2|ws2")
_WORD = re.compile(r"[^\s.,;:!?]+[!?]?")
_PASSPHRASE_WORDS = 3
_CLOSING = ".,;:?)]}"
_DIGITS = re.compile(rf"(?i)\d(?:[ -]?\d){{3,11}}(?![\w])|{DIGIT}(?:[ ,-]{{1,2}}{DIGIT}){{2,11}}\b")
_CARD_CODE = re.compile(rf"(?i)\d[ -]?\d[ -]?\d(?:[ -]?\d)?(?![\w])|{DIGIT}(?:[ ,-]{{1,2}}{DIGIT}){{2,3}}\b")
_MAY_BE_ON_A_CARD = re.compile(r"(?i)security|sicherheit|sécurité|seguridad|segurança|sicurezza")
_ONE_CODE = (
    r"(?:[A-Z]-)?\d{3,4}[ -]\d{3,4}(?![A-Za-z0-9_])|(?:[A-Z]-)?\d{4,10}(?![A-Za-z0-9_])"
    r"|(?=[\w-]*\d)[A-Za-z0-9]{4,12}(?:-[A-Za-z0-9]{4,12}){0,5}(?![\w-])"
    r"|(?-i:[A-Z0-9]{4,6}(?:-[A-Z0-9]{4,6}){1,7})(?![\w-])"
)
_CODES = re.compile(rf"(?:{_ONE_CODE})(?:[\s,;•*-]{{1,3}}(?:and )?(?:{_ONE_CODE})){{0,40}}")
_FOR_WHOM = r"(?:[ ](?:for|from|of|on)[ ](?:[\w.@'-]{1,40}[ ]){1,5}?)?"
_IS = "is|was|ist|lautet|est|es|è|é|jest"
_CODE_JOINT = re.compile(rf"(?i){_FOR_WHOM}[ ]?(?:are|of|{_IS}|[:=#])?[\s:]{{1,3}}|[:=：]|[ ]?[は是는은][ ]?")  # noqa: RUF001
_IS_YOUR_CODE = re.compile(r"(?i)(?<![\w-])((?:[A-Z]-)?\d{4,8}|\d{3}[ -]\d{3})[ ]is your\b[^.\n]{0,40}?\bcode\b")
_YOUR_CODE_IS = re.compile(
    r"(?i)\b(?:your|ihr|dein|votre|ton|tu|su|uw|je|il tuo|twój) (?:code|código|codice|kod)"
    r"(?: is| lautet| ist| est| es| è| to|:)[ ]{1,2}((?:[A-Z]-)?\d{4,8}|\d{3}[ -]\d{3})(?![\w-])"
)
_PHRASE = re.compile(r"(?:[ ]?(?:is|ist|[:=])[\s:]{0,3}|\s)[\"'“]?((?:[a-z]{3,8}[\s,]{1,2}){11,23}[a-z]{3,8})")
_NUMBER_JOINT = re.compile(rf"(?i){_FOR_WHOM}[ ]?(?:to|{_IS}|[:=#])?[ :]{{1,3}}|[:=]")


def named_values(text: str) -> Iterator[Span]:
    """Return the values that the text names as secrets."""
    for name in NAMES.finditer(text):
        if (span := _FINDERS[name.lastgroup or "password"](text, name)) is not None:
            yield span
    for pattern in (_IS_YOUR_CODE, _YOUR_CODE_IS):
        for code in pattern.finditer(text):
            yield Span(*code.span(1), "code")
    for before in _BEFORE_ITS_NAME.finditer(text):
        group = before.lastindex or 0
        if not _is_placeholder(before[group]):
            yield Span(*before.span(group), "password")


def is_announced_at_end(text: str) -> bool:
    """Tell whether a text ends where a password is about to be said: "and the password is"."""
    end = len(text.rstrip(" .,:…-"))
    for name in NAMES.finditer(text, max(end - 80, 0)):
        said = _SAID.match(text, name.end())
        if name.lastgroup in {"password", "pin"} and said is not None and said.end() >= end:
            return True
    return False


def said_value(text: str) -> Span | None:
    """Return what is said at the beginning of a text, right after a password was announced."""
    return _clause(text, len(text) - len(text.lstrip()))


def _password(text: str, name: re.Match[str]) -> Span | None:
    at = name.end()
    if _NEXT_LINE.match(text, at) is not None:
        return _value_pointed_at(text, at)
    if (assigned := _ASSIGNED.match(text, at)) is not None:
        is_prose = assigned["sign"] in {":", "："}  # noqa: RUF001
        if is_prose and name[0].casefold().endswith("phrase"):
            return _clause(text, assigned.end())
        return _value(text, assigned.end(), "password", is_prose=is_prose)
    if (gap := _GAP_BEFORE_QUOTE.match(text, at)) is not None and (span := _quoted(text, gap.end(), "password")):
        return span
    if (said := _CHANGED.match(text, at) or _SAID.match(text, at)) is not None:
        return _clause(text, said.end())
    if (other := _SAID_WITHOUT_SPACES.match(text, at)) is not None:
        return Span(*other.span(1), "password")
    if (assigned := _ASSIGNED_FOR.match(text, at)) is not None:
        span = _value(text, assigned.end(), "password", is_prose=True)
        # Where a password is kept is a word.
        return None if span is None or text[span.start : span.end].isalpha() else span
    if (direct := _DIRECT.match(text, at)) is not None:
        return _value(text, direct.end(), "password", is_prose=True)
    return _value_pointed_at(text, at)


def _value_pointed_at(text: str, at: int) -> Span | None:
    pointed = _POINTED_AT.match(text, at) or _NEXT_LINE.match(text, at)
    span = None if pointed is None else _value(text, pointed.end(), "password", is_prose=True)
    return span if span is not None and _is_chosen(text[span.start : span.end]) else None


def _is_chosen(value: str) -> bool:
    return len(value) >= 5 and any(map(str.isdigit, value)) and any(map(str.isalpha, value))


def _pin(text: str, name: re.Match[str]) -> Span | None:
    joint = _NUMBER_JOINT.match(text, name.end())
    value = None if joint is None else _DIGITS.match(text, joint.end())
    return None if value is None else Span(*value.span(), "PIN")


def _card_code(text: str, name: re.Match[str]) -> Span | None:
    joint = _NUMBER_JOINT.match(text, name.end())
    value = None if joint is None else _CARD_CODE.match(text, joint.end())
    return None if value is None else Span(*value.span(), "card code")


def _code(text: str, name: re.Match[str]) -> Span | None:
    joint = _CODE_JOINT.match(text, name.end())
    if joint is None:
        return None
    value = _CODES.match(text, joint.end()) or _DIGITS.match(text, joint.end())
    if value is None and _MAY_BE_ON_A_CARD.search(name[0]) is not None:
        value = _CARD_CODE.match(text, joint.end())
    return None if value is None else Span(*value.span(), "code")


def _key(text: str, name: re.Match[str]) -> Span | None:
    at = name.end()
    joint = _ASSIGNED.match(text, at) or _SAID.match(text, at) or _SPACE.match(text, at)
    if joint is None:
        return None
    is_assigned = "=" in joint[0]
    span = _value(text, joint.end(), "key", is_prose=not is_assigned)
    return span if span is not None and (is_assigned or _is_like_a_key(text[span.start : span.end])) else None


def _short(text: str, name: re.Match[str]) -> Span | None:
    """`pass`, `secret` and `token` are words of their own: only what is assigned and looks like a secret counts."""
    assigned = _ASSIGNED.match(text, name.end())
    if assigned is None:
        return None
    kind: Kind = "password" if name["short"].casefold() in {"pass", "pw", "clave"} else "key"
    span = _value(text, assigned.end(), kind, is_prose="=" not in assigned["sign"])
    if span is None:
        return None
    is_variable = "=" in assigned["sign"] and name["short"].isupper()
    value = text[span.start : span.end]
    is_secret = is_variable or (_is_like_a_key(value) if kind == "key" else not (value.isalpha() or value.isdigit()))
    return span if is_secret else None


def _phrase(text: str, name: re.Match[str]) -> Span | None:
    words = _PHRASE.match(text, name.end())
    return None if words is None else Span(*words.span(1), "key")


_FINDERS: dict[str, Callable[[str, re.Match[str]], Span | None]] = {
    "password": _password,
    "phrase": _phrase,
    "code": _code,
    "key": _key,
    "cvv": _card_code,
    "pin": _pin,
    "short": _short,
}


def _is_like_a_key(value: str) -> bool:
    return len(value) >= 8 and any(map(str.isdigit, value)) and any(map(str.isalpha, value))


def _value(text: str, at: int, kind: Kind, *, is_prose: bool) -> Span | None:
    """Return the quoted text or the word at a place; of prose, only a word that may be a secret."""
    if (quoted := _quoted(text, at, kind)) is not None or text[at : at + 1] in _QUOTES:
        return quoted
    token = _TOKEN.match(text, at)
    if token is None:
        return None
    value = _NEXT_SETTING.split(token[0], maxsplit=1)[0]
    value = value.rstrip(_CLOSING if is_prose else ",;)]}") or value
    if is_prose and value.startswith("(") and ")" not in token[0]:
        # A remark of several words.
        return None
    if (
        not value
        or _is_placeholder(value)
        or (is_prose and _is_ordinary(value))
        or value.startswith(("/", "http://", "https://"))
    ):
        return None
    return Span(at, at + len(value), kind)


def _quoted(text: str, at: int, kind: Kind) -> Span | None:
    closing = _QUOTES.get(text[at : at + 1])
    end = -1 if closing is None else text.find(closing, at + 1, at + 1 + _LONGEST)
    value = text[at + 1 : end] if end > 0 else ""
    if not value or "\n" in value or _is_placeholder(value) or _is_ordinary(value) or NAMES.search(value):
        return None
    return Span(at + 1, end, kind)


def _is_placeholder(value: str) -> bool:
    return _TEMPLATE.fullmatch(value) is not None or _ALGORITHM.fullmatch(value) is not None


def _is_ordinary(value: str) -> bool:
    words = [word.strip("\"'.,;:!?()").casefold() for word in value.split()]
    return not words or _begins_a_sentence(words)


def _clause(text: str, at: int) -> Span | None:
    """Return what is said from here on, as far as it belongs to the password.

    That is one word; more where it is spelled out, or where only words follow that are no part of a sentence.
    """
    words: list[re.Match[str]] = []
    for word in _WORD.finditer(text, at, at + _LONGEST):
        if words and text[words[-1].end() : word.start()].strip(" "):
            break
        words.append(word)
    while words and words[0][0].casefold() in FILLERS:
        words.pop(0)
    if text[at : at + 1] in _QUOTES:
        return _quoted(text, at, "password")
    if not words:
        return None
    first = words[0][0].strip("\"'()")
    if _is_placeholder(first) or first.startswith("[") or _begins_a_sentence([word[0].casefold() for word in words]):
        return None
    token = _TOKEN.match(text, words[0].start())
    end = words[0].end() if token is None else words[0].start() + len(token[0].rstrip(_CLOSING))
    rest = [word for word in words[1:] if word.start() >= end]
    is_passphrase = first.isalpha() and not any(word[0].casefold() in FUNCTION_WORDS for word in rest)
    for word in rest:
        if not (is_passphrase or word[0].casefold().strip("\"'") in SPELLING or len(word[0]) == 1):
            break
        end = word.end()
    return Span(words[0].start(), end, "password")


def _begins_a_sentence(words: list[str]) -> bool:
    """Tell whether the words after "the password is" are something else than the password."""
    first, *rest = words
    if first in FUNCTION_WORDS:
        return True
    # A passphrase may begin with an adjective: correct horse battery staple.
    return first in NO_SECRETS and (len(rest) < _PASSPHRASE_WORDS or rest[0] in FUNCTION_WORDS | FILLERS | NO_SECRETS)
