"""From what a server answered, or an exception, to a `SupabaseError`. Pure.

Codes: PostgREST's error reference, appendix A of PostgreSQL's manual, and the error handler of Supabase's storage
service. The latter answers HTTP 400 to nearly everything and puts the true status into the body's `statusCode`.

None of Supabase's services answers with a web page. What does stands in front of them: a firewall, a proxy, a filter.
Its 403 says nothing about the key or its rights, so such answers are worth another attempt.
"""

import json
import re
from typing import Any

import httpx

from runops.authorities import distrust
from runops.supabase.errors import ErrorKind, Service, SupabaseError

__all__ = ["from_auth", "from_database", "from_exception", "from_storage", "is_page"]

_KEY_REMEDY = (
    "Put the project's sb_secret key or service_role JWT into SUPABASE_SERVICE_ROLE_KEY or, if that is set, into "
    "SUPABASE_SECRET_KEY (Supabase dashboard, Project Settings, API keys)."
)
_LATER = "It is worth trying again; see status.supabase.com and the project's dashboard if it lasts."
_DENIED = re.compile(r"permission denied for (?P<kind>table|sequence|schema|function|relation) (?P<name>[\w.]+)")
_COLUMN = re.compile(
    r"(?i)column [\"']?(?P<plain>[\w.]+)[\"']? (?:of relation \S+ )?does not exist|the '(?P<cached>\w+)' column"
)

_BY_CODE = {
    "42P01": ErrorKind.TABLE_MISSING,
    "PGRST205": ErrorKind.TABLE_MISSING,
    "42703": ErrorKind.COLUMN_MISSING,
    "PGRST204": ErrorKind.COLUMN_MISSING,
    "42501": ErrorKind.FORBIDDEN,
    "42883": ErrorKind.INVALID,
    "23505": ErrorKind.CONFLICT,
    "23503": ErrorKind.FOREIGN_KEY,
    "PGRST200": ErrorKind.RELATION_MISSING,
    "PGRST201": ErrorKind.RELATION_MISSING,
    "PGRST301": ErrorKind.KEY_REJECTED,
    "PGRST302": ErrorKind.KEY_REJECTED,
    "PGRST303": ErrorKind.KEY_REJECTED,
    "PGRST000": ErrorKind.UNAVAILABLE,
    "PGRST001": ErrorKind.UNAVAILABLE,
    "PGRST002": ErrorKind.UNAVAILABLE,
    "PGRST003": ErrorKind.UNAVAILABLE,
    "57014": ErrorKind.TIMEOUT,
    "40001": ErrorKind.UNAVAILABLE,
    "40P01": ErrorKind.UNAVAILABLE,
    "55P03": ErrorKind.UNAVAILABLE,
    "25006": ErrorKind.UNAVAILABLE,
}
_SHOWS_THE_ROW = frozenset({"23502", "23514"})
"""A value is missing, or a CHECK refuses it."""
_TRANSIENT_CLASSES = ("08", "53", "57P", "58")
_NAMES = {Service.DATABASE: "Supabase", Service.STORAGE: "Supabase Storage", Service.AUTH: "Supabase Auth"}
_BY_STATUS = {
    401: ErrorKind.KEY_REJECTED,
    402: ErrorKind.THROTTLED,
    403: ErrorKind.FORBIDDEN,
    404: ErrorKind.NOT_FOUND,
    408: ErrorKind.TIMEOUT,
    409: ErrorKind.CONFLICT,
    410: ErrorKind.NOT_FOUND,
    413: ErrorKind.TOO_LARGE,
    423: ErrorKind.UNAVAILABLE,
    425: ErrorKind.UNAVAILABLE,
    429: ErrorKind.THROTTLED,
}
_PAGE = re.compile(r"\s*<(?:!doctype\s+html|html)\b", re.IGNORECASE)
_TELLING_PAGES = frozenset({404, 410, 429, 540})
"""Statuses that mean the same on a page: a wrong address, too many requests, a paused project."""
_STORAGE_KEY_WORDS = ("compact jws", "signature verification", "invalid signature", "jwt", "'authorization'")
_MESSAGE_OF_NO_BUCKET = re.compile(r"(?i)bucket|the related resource does not exist")


def is_page(content_type: str | None, body: str = "") -> bool:
    """Return whether an answer is a web page, by its type or its first words."""
    return "text/html" in (content_type or "").lower() or _PAGE.match(body) is not None


def from_exception(error: Exception, *, doing: str, service: Service) -> SupabaseError:
    """Return the error for a request that got no answer.

    The exception's own text is not passed on: httpx puts whole URLs into some of them.

    Parameters
    ----------
    error
        What httpx or the deadline raised.
    doing
        The operation and its object, as in "reading the table jobs".
    service
        Which half of Supabase was asked.
    """
    name = type(error).__name__
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return SupabaseError(
            ErrorKind.TIMEOUT, f"Supabase did not answer in time while {doing} ({name}). {_LATER}", service=service
        )
    if isinstance(error, httpx.TransportError):
        remedy = distrust(error) or "Check SUPABASE_URL, the network and whether the project is paused."
        return SupabaseError(
            ErrorKind.UNAVAILABLE,
            f"Supabase could not be reached while {doing} ({name}). {remedy}",
            service=service,
        )
    return SupabaseError(
        ErrorKind.INVALID, f"The request for {doing} could not be made ({name}). Check SUPABASE_URL.", service=service
    )


def from_database(
    *,
    status: int | None,
    code: str | None,
    message: str | None,
    details: Any = None,
    doing: str,
    table: str,
    retry_after: float | None = None,
    content_type: str | None = None,
) -> SupabaseError:
    """Return the error for an answer of the REST interface.

    Parameters
    ----------
    status
        HTTP status; None where it is unknown.
    code, message, details
        Of the error's JSON body.
    doing
        The operation and its object.
    table
        The table asked for.
    retry_after, content_type
        Seconds that the answer asked to wait, and the type of its body.
    """
    if is_page(content_type) or any(is_page(None, str(part)) for part in (message, details)):
        page = _from_page(status, doing=doing, service=Service.DATABASE, retry_after=retry_after)
        if page is not None:
            return page
    # Of a row that breaks a rule, the details are the row itself: what a user wrote, or what a recording shows.
    said = (message,) if code in _SHOWS_THE_ROW else (message, details)
    words = " ".join(str(part) for part in said if part and "<" not in str(part)[:1])
    kind = ErrorKind.UNAVAILABLE if _is_lost_connection(status, code, words) else _database_kind(status, code)
    column = _missing_column(words) if kind is ErrorKind.COLUMN_MISSING else None
    sentence = f"{_database_sentence(kind, status, code, words, table, column=column)}"
    shown = ", ".join(str(part) for part in (status, code) if part)
    return SupabaseError(
        kind,
        f"Supabase refused {doing} ({shown or 'no status'}): {sentence}"
        if kind not in {ErrorKind.UNAVAILABLE, ErrorKind.TIMEOUT, ErrorKind.THROTTLED}
        else f"Supabase failed while {doing} ({shown or 'no status'}): {sentence}",
        status=status,
        code=code,
        server_words=words,
        retry_after=retry_after,
        column=column,
    )


def from_storage(
    *, status: int, body: bytes, doing: str, retry_after: float | None = None, content_type: str | None = None
) -> SupabaseError:
    """Return the error for an answer of the storage service, or of the gateway before it.

    Parameters
    ----------
    status
        HTTP status.
    body
        What the answer held; may be JSON, HTML, plain text or nothing.
    doing
        The operation and its object.
    retry_after, content_type
        Seconds that the answer asked to wait, and the type of its body.
    """
    if is_page(content_type, body[:200].decode("utf-8", "replace")):
        page = _from_page(status, doing=doing, service=Service.STORAGE, retry_after=retry_after)
        if page is not None:
            return page
    said = _json_object(body)
    true_status = _int(said.get("statusCode")) or status
    code = next((str(said[name]) for name in ("code", "error") if said.get(name)), None)
    message = str(said.get("message") or "")
    if not said and 400 <= status < 500 and not body.lstrip().startswith(b"<"):
        message = body[:200].decode("utf-8", "replace").strip()
    kind = _storage_kind(status, true_status, f"{code} {said.get('error')} {message}")
    sentence = _storage_sentence(kind, true_status, code, message)
    verb = "failed while" if kind in {ErrorKind.UNAVAILABLE, ErrorKind.TIMEOUT, ErrorKind.THROTTLED} else "refused"
    return SupabaseError(
        kind,
        f"Supabase Storage {verb} {doing} ({true_status}{f', {code}' if code else ''}): {sentence}",
        service=Service.STORAGE,
        status=true_status,
        code=code,
        server_words=message,
        retry_after=retry_after,
    )


def from_auth(
    *,
    status: int | None,
    code: str | None,
    message: str,
    doing: str,
    retry_after: float | None = None,
    content_type: str | None = None,
) -> SupabaseError:
    """Return the error for an answer of the Auth service, or of the gateway before it.

    Parameters
    ----------
    status
        HTTP status; None where it is unknown.
    code, message
        Of the error's JSON body.
    doing
        The operation and its object.
    retry_after, content_type
        Seconds that the answer asked to wait, and the type of its body.
    """
    if is_page(content_type, message):
        page = _from_page(status, doing=doing, service=Service.AUTH, retry_after=retry_after)
        if page is not None:
            return page
    # A key that the service knows and does not take for its admin is the wrong key.
    kind = ErrorKind.KEY_REJECTED if status == 403 else _kind_of_status(status)
    plain = {
        ErrorKind.KEY_REJECTED: f"the key was rejected. {_KEY_REMEDY}",
        ErrorKind.THROTTLED: "too many requests. Ask less often.",
        ErrorKind.TIMEOUT: f"it took too long. {_LATER}",
        ErrorKind.UNAVAILABLE: f"it is not available right now. {_LATER}",
        ErrorKind.NOT_FOUND: "there is no Auth service at that address. Check SUPABASE_URL.",
    }
    sentence = plain.get(kind, f"the request is not accepted: {message[:200] or code or 'no words given'}.")
    if status == 540:
        sentence = "the project is paused. Restore it in the Supabase dashboard."
    verb = "failed while" if kind in {ErrorKind.UNAVAILABLE, ErrorKind.TIMEOUT, ErrorKind.THROTTLED} else "refused"
    shown = ", ".join(str(part) for part in (status, code) if part)
    return SupabaseError(
        kind,
        f"Supabase Auth {verb} {doing} ({shown or 'no status'}): {sentence}",
        service=Service.AUTH,
        status=status,
        code=code,
        server_words=message,
        retry_after=retry_after,
    )


def _from_page(status: int | None, *, doing: str, service: Service, retry_after: float | None) -> SupabaseError | None:
    """Return the error for a web page; None where its status means what it says."""
    if status is not None and (300 <= status < 400 or status in _TELLING_PAGES):
        return None
    too_large = status == 413
    advice = "Let it take bodies of this size." if too_large else f"If it lasts, look at what stands there. {_LATER}"
    return SupabaseError(
        ErrorKind.TOO_LARGE if too_large else ErrorKind.UNAVAILABLE,
        f"{_NAMES[service]} {'refused' if too_large else 'failed while'} {doing}: something in front of Supabase "
        f"answered ({status or 'no status'}, an HTML page), such as a firewall or a proxy. {advice}",
        service=service,
        status=status,
        retry_after=retry_after,
    )


def _is_lost_connection(status: int | None, code: str | None, words: str) -> bool:
    """Return whether PostgREST lost its database while the query ran.

    Where PostgreSQL crashes in that moment, PostgREST 12.0.2 answers 400 with an empty code and no words (measured: two
    answers for each crash with twelve clients). Every refusal of a request names a code.
    """
    return status == 400 and code == "" and not words


def _database_kind(status: int | None, code: str | None) -> ErrorKind:
    if code in _BY_CODE:
        return _BY_CODE[code]
    if code is not None and len(code) == 5 and code.startswith(_TRANSIENT_CLASSES):
        return ErrorKind.UNAVAILABLE
    return _kind_of_status(status)


def _kind_of_status(status: int | None) -> ErrorKind:
    if status is None or status >= 500 or 200 <= status < 300:
        return ErrorKind.UNAVAILABLE
    return _BY_STATUS.get(status, ErrorKind.INVALID)


def _missing_column(words: str) -> str | None:
    found = _COLUMN.search(words)
    return (found["plain"] or found["cached"]).rsplit(".", 1)[-1] if found else None


def _database_sentence(
    kind: ErrorKind, status: int | None, code: str | None, words: str, table: str, *, column: str | None
) -> str:
    if kind is ErrorKind.FORBIDDEN:
        return _grant_sentence(words, table)
    if kind is ErrorKind.COLUMN_MISSING:
        named = column or "(unnamed)"
        return f"the table {table} has no column {named}. Add it, then run: notify pgrst, 'reload schema'."
    if status == 540:
        return "the project is paused. Restore it in the Supabase dashboard."
    plain = {
        ErrorKind.KEY_REJECTED: f"the key was rejected. {_KEY_REMEDY}",
        ErrorKind.TABLE_MISSING: f"the table public.{table} does not exist, or PostgREST has not seen it yet. "
        "Create it, then run: notify pgrst, 'reload schema'.",
        ErrorKind.THROTTLED: "too many requests, or the project's quota is used up. Ask less often.",
        ErrorKind.TIMEOUT: f"it took the database too long. {_LATER}",
        ErrorKind.UNAVAILABLE: f"it is not available right now. {_LATER}",
        ErrorKind.NOT_FOUND: "there is no REST interface at that address. Check SUPABASE_URL.",
        ErrorKind.FOREIGN_KEY: f"a row that {table} points to does not exist.",
        ErrorKind.CONFLICT: f"the table {table} holds such a row already.",
        ErrorKind.RELATION_MISSING: f"the table {table} needs one foreign key to jobs, by which PostgREST can tell "
        f"whose job a row is. Run in the SQL editor: alter table public.{table} add foreign key (job_id) references "
        "public.jobs (job_id); notify pgrst, 'reload schema';",
    }
    if kind in plain:
        return plain[kind]
    if status is not None and 300 <= status < 400:
        return "it redirects elsewhere. SUPABASE_URL must be the project's own address."
    return f"the request is not accepted: {words[:200] or code or 'no words given'}."


def _grant_sentence(words: str, table: str) -> str:
    if "row-level security" in words:
        return f"row level security hides {table} from this key. {_KEY_REMEDY}"
    denied = _DENIED.search(words)
    kind, name = (denied["kind"], denied["name"]) if denied else ("table", table)
    rights = {
        "sequence": "usage, select on sequence",
        "schema": "usage on schema",
        "function": "execute on function",
    }.get(kind, "select, insert, update, delete on table")
    qualified = name if kind == "schema" or "." in name else f"public.{name}"
    return f"the key's role lacks rights. Run in the SQL editor: grant {rights} {qualified} to service_role;"


def _storage_kind(status: int, true_status: int, words: str) -> ErrorKind:
    if "row-level security" in words:
        return ErrorKind.FORBIDDEN
    if true_status in {400, 401, 403} and any(word in words.lower() for word in _STORAGE_KEY_WORDS):
        return ErrorKind.KEY_REJECTED
    if true_status == 403 and "AccessDenied" in words:
        return ErrorKind.KEY_REJECTED
    return _kind_of_status(true_status if true_status != 200 else status)


def _storage_sentence(kind: ErrorKind, status: int, code: str | None, message: str) -> str:
    if status == 540:
        return "the project is paused. Restore it in the Supabase dashboard."
    if kind is ErrorKind.NOT_FOUND and _MESSAGE_OF_NO_BUCKET.search(f"{code} {message}"):
        return "the bucket does not exist. Create it in the Supabase dashboard, Storage."
    plain = {
        ErrorKind.KEY_REJECTED: f"the key was rejected. {_KEY_REMEDY}",
        ErrorKind.FORBIDDEN: f"this key may not do that. {_KEY_REMEDY}",
        ErrorKind.THROTTLED: "too many requests, or the project's quota is used up. Ask less often.",
        ErrorKind.TIMEOUT: f"it took too long. {_LATER}",
        ErrorKind.UNAVAILABLE: f"it is not available right now. {_LATER}",
        ErrorKind.NOT_FOUND: "there is no such object.",
        ErrorKind.TOO_LARGE: "the file is larger than the bucket or the project allows. "
        "Raise the file size limit in the Supabase dashboard, Storage settings.",
        ErrorKind.CONFLICT: "the object changed at the same time.",
    }
    if kind in plain:
        return plain[kind]
    if 300 <= status < 400:
        return "it redirects elsewhere. SUPABASE_URL must be the project's own address."
    if "mime type" in message.lower():
        return (
            f"the bucket does not take files of this type ({message[:200]}). "
            "Add it to the bucket's allowed MIME types in the Supabase dashboard, Storage."
        )
    return f"the request is not accepted: {message[:200] or code or 'no words given'}."


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _int(value: Any) -> int | None:
    try:
        return int(str(value))
    except ValueError:
        return None
