"""Structured logs: one JSON object a line, the job's id in each line that is about a job, no secret in any."""

import json
import logging
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TextIO
from urllib.parse import quote

__all__ = ["JsonFormatter", "configure_logs", "error_text", "job_id_in_logs", "never_show", "redact"]

job_id_in_logs: ContextVar[str | None] = ContextVar("job_id_in_logs", default=None)
"""The id of the job that the current task works on; set it, and every line below carries it."""

_SECRETS = re.compile(
    r"(?i)(sb_secret_|sb_publishable_)[\w-]+"
    r"|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]+"
    r"|(?<=bearer )[\w.~+/-]+=*"
    r"|\bAIza[\w-]{20,}"
    r"|(?<=[?&])(token|apikey|key|upload_id|access_token|signature)=[^&\s\"'\\]+"
)
_REDACTED = "[redacted]"
_SHORTEST_SECRET = 8
"""Redacting shorter texts would redact words."""
_known_secrets: set[str] = set()


def never_show(secret: str) -> None:
    """Have `redact` remove this very text from now on, whatever it looks like: a key's form is its maker's to change.

    Parameters
    ----------
    secret
        A key as it is sent; one of fewer than eight characters is left alone.
    """
    if len(secret) >= _SHORTEST_SECRET:
        _known_secrets.update({secret, quote(secret, safe=""), json.dumps(secret)[1:-1]})


def redact(text: str) -> str:
    """Return the text without the known secrets and without what looks like a key, a token or a signed URL's secret."""
    # All are looked for in the text as it is: what hides a part of a secret would keep the rest of it from being found.
    found = [match.span() for match in _SECRETS.finditer(text)]
    for secret in _known_secrets:
        if secret in text:
            begins = (match.start() for match in re.finditer(f"(?={re.escape(secret)})", text))
            found += [(begin, begin + len(secret)) for begin in begins]
    shown, end = [], 0
    for first, last in sorted(found):
        if first >= end:
            shown += [text[end:first], _REDACTED]
        end = max(end, last)
    return "".join([*shown, text[end:]])


def error_text(error: BaseException) -> str:
    """Return an exception's type and text for a log line: the text of some, such as TimeoutError, is empty."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON with `ts`, `level`, `logger`, `msg`, `job_id` and what `extra` gave."""

    _STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

    def _is_said(self, key: str, value: object) -> bool:
        # Libraries hang whole objects on their records.
        return key not in self._STANDARD and (value is None or isinstance(value, str | int | float | bool))

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a line of JSON."""
        line: dict[str, object] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "msg": record.getMessage(),
        }
        if (job_id := job_id_in_logs.get()) is not None:
            line["job_id"] = job_id
        line.update({key: value for key, value in vars(record).items() if self._is_said(key, value)})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return redact(json.dumps(line, ensure_ascii=False, default=str))


def configure_logs(level: str = "INFO", *, stream: TextIO | None = None) -> None:
    """Send every log record of the process through `JsonFormatter`.

    Parameters
    ----------
    level
        Lowest level of our own loggers; libraries speak from WARNING on, since httpx and httpx2 log whole URLs.
    stream
        Where to; standard error where None.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in ("runops", "runops_operator", "runops_worker", "runops_cli", "runops_ui"):
        logging.getLogger(name).setLevel(level.upper())
