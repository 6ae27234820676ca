"""Finds keys and tokens by the form that their provider gives them, and secrets inside addresses and commands. Pure.

The forms are those of the providers' documentation. Lengths are lower bounds: a model that reads a key from a picture
may miss a character, and providers make keys longer. Each form begins at the edge of a word and runs to its end, so a
text is read a fixed number of times.
"""

import re
from collections.abc import Iterator

from runops.recorded_secrets.span import Kind, Span

__all__ = ["keys_of_known_form"]

_FORMS: tuple[tuple[Kind, str], ...] = (
    ("token", r"gh[pousr]_[A-Za-z0-9]{30,}"),  # GitHub
    ("token", r"ghs_[\w.-]{40,}"),  # GitHub, installation tokens of 2026
    ("token", r"github_pat_\w{60,}"),
    ("token", r"(?:glpat|gldt|glrt|glcbt|glptt|glft|glimt|glagent|gloas|glsoat|glffct)-[\w.-]{18,}"),  # GitLab
    ("token", r"GR1348941[\w-]{18,}"),  # GitLab runners
    ("token", r"xox[abeoprs](?:\.xox[bp])?-[\w-]{10,}"),  # Slack
    ("token", r"xapp-\d-[\w-]{10,}"),
    ("key", r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}"),  # AWS
    ("key", r"ABSK[A-Za-z0-9+/]{100,}=*"),
    ("key", r"AIza[\w-]{30,}"),  # Google
    ("token", r"ya29\.[\w-]{20,}"),
    ("key", r"GOCSPX-[\w-]{24,}"),
    ("key", r"(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{10,}"),  # Stripe
    ("key", r"whsec_[A-Za-z0-9+/=]{20,}"),
    ("key", r"sk-ant-[\w-]{20,}"),  # Anthropic
    ("key", r"sk-(?:proj|svcacct|admin|or-v1)-[\w-]{20,}"),  # OpenAI, OpenRouter
    ("key", r"sk-[A-Za-z0-9]{32,}"),
    ("key", r"sb_secret_[\w-]{10,}"),  # Supabase
    ("token", r"sbp_[a-f0-9]{32,}"),
    ("token", r"npm_[A-Za-z0-9]{30,}"),
    ("token", r"pypi-[\w-]{50,}"),
    ("token", r"rubygems_[a-f0-9]{40,}"),
    ("token", r"dckr_pat_[\w-]{20,}"),  # Docker Hub
    ("token", r"hf_[A-Za-z0-9]{30,}"),  # Hugging Face
    ("key", r"SG\.[\w-]{16,}\.[\w-]{30,}"),  # SendGrid
    ("key", r"SK[0-9a-f]{32}"),  # Twilio
    ("key", r"xkeysib-[a-f0-9]{60,}-[A-Za-z0-9]{12,}"),  # Brevo
    ("key", r"key-[a-f0-9]{32}"),  # Mailgun
    ("key", r"[a-f0-9]{32}-us\d{1,2}"),  # Mailchimp
    ("token", r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{30,}"),  # Shopify
    ("token", r"do[opr]_v1_[a-f0-9]{60,}"),  # DigitalOcean
    ("token", r"dapi[a-f0-9]{32}(?:-\d)?"),  # Databricks
    ("token", r"hv[sb]\.[\w-]{24,}"),  # HashiCorp Vault
    ("token", r"[A-Za-z0-9]{14}\.atlasv1\.[\w-]{50,}"),  # Terraform
    ("token", r"ATATT3[\w=-]{60,}"),  # Atlassian
    ("token", r"glsa_[A-Za-z0-9]{30,}_[A-Fa-f0-9]{8}"),  # Grafana
    ("token", r"glc_[A-Za-z0-9+/]{32,}=*"),
    ("token", r"ntn_[A-Za-z0-9]{40,}"),  # Notion
    ("key", r"lin_api_[A-Za-z0-9]{36,}"),  # Linear
    ("key", r"PMAK-[a-f0-9]{24}-[a-f0-9]{30,}"),  # Postman
    ("token", r"pul-[a-f0-9]{40}"),  # Pulumi
    ("token", r"dp\.(?:pt|st|ct|sa)\.[\w.-]{40,}"),  # Doppler
    ("token", r"sntry[su]_[\w+/=]{40,}"),  # Sentry
    ("token", r"pat[A-Za-z0-9]{14}\.[a-f0-9]{60,}"),  # Airtable
    ("token", r"pscale_(?:tkn|pw|oauth)_[\w=.-]{30,}"),  # PlanetScale
    ("key", r"pplx-[A-Za-z0-9]{40,}"),  # Perplexity
    ("token", r"HRKU-[\w-]{50,}"),  # Heroku
    ("token", r"fo1_[\w-]{40,}|fm[12][ar]?_[A-Za-z0-9+/]{60,}=*"),  # Fly.io
    ("key", r"A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}"),  # 1Password
    ("private key", r"AGE-SECRET-KEY-1[A-Z0-9]{50,}"),  # age
    ("token", r"eyJ[\w-]{8,}\.[\w-]{10,}(?:\.[\w-]*)?"),  # JSON Web Token (RFC 7519)
    ("token", r"\d{8,10}:AA[\w-]{32,}"),  # Telegram
    ("key", r"[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{30,}"),  # Microsoft Entra
)
_KINDS: tuple[Kind, ...] = tuple(dict.fromkeys(kind for kind, _ in _FORMS))
_KNOWN = re.compile(
    r"(?<![\w.~-])(?:"
    + "|".join(
        f"(?P<k{number}>" + "|".join(form for of, form in _FORMS if of == kind) + r")"
        for number, kind in enumerate(_KINDS)
    )
    + r")(?![A-Za-z0-9])"
)
_IN_ADDRESS = re.compile(
    r"(?i)(?<=[?&;])(?:access_token|refresh_token|id_token|token|api_?key|sig|signature|password|passwd|pwd"
    r"|client_secret|x-amz-signature|x-amz-security-token|x-goog-signature)=([^&\s\"'<>;#\\]{6,})"
)
_CREDENTIALS = re.compile(r"(?<![\w+.-])[A-Za-z][A-Za-z0-9+.-]{1,30}://[^\s/:@?#\"'<>]{0,100}:([^\s/\"'<>]{1,200})@")
_WEBHOOK = re.compile(
    r"(?i)\bhooks\.slack\.com/(?:services|workflows|triggers)/([A-Za-z0-9+/]{20,})"
    r"|\.webhook\.office\.com/webhookb2/([\w@/-]{40,})"
    r"|\bdiscord(?:app)?\.com/api/webhooks/(\d+/[\w-]{30,})"
)
_HEADER = re.compile(
    r"(?i)\bbearer[ \t]{1,3}([\w.~+/-]{16,}=*)"
    r"|\bauthorization:?[ \t]{0,3}(?:basic|bearer|token|digest|apikey)[ \t]{1,3}([\w.~+/=-]{8,})"
    r"|\b(?:set-)?cookie:[ \t]{0,3}[\w.-]{1,40}=([^\s;,\"']{8,})"
    r"|\b(?:jsessionid|phpsessid|asp\.net_sessionid|session_?id|sid)=([\w.%+/-]{10,})"
    r"|\bx-(?:api-key|auth-token|access-token|amz-security-token):[ \t]{0,3}([\w.~+/=-]{8,})"
)
_COMMAND = re.compile(
    r"(?i)(?<!\S)--(?:password|passwd|pass|token|secret|api-?key|client-secret)(?:=|[ \t]{1,3})"
    r"(?!-)(\"[^\"\n]{1,200}\"|'[^'\n]{1,200}'|[^\s\"'`<>{$*\[]\S*)"
    r"|\bcurl\b[^\n]{0,200}?[ \t](?:-u|--user)[ \t]{1,3}[\"']?[^\s:\"']{1,100}:([^\s\"']+)"
    r"|\b(?:mysql|mysqldump|mariadb|sshpass)\b[^\n]{0,200}?[ \t]-p[ \t]?(?![ \t-])"
    r"(\"[^\"\n]+\"|'[^'\n]+'|[^\s\"'$*\[]\S*)"
)
_STATEMENT = re.compile(
    r"(?i)\bidentified (?:\w{1,30} )?by (?:password )?['\"]([^'\"\n]{1,200})['\"]"
    r"|\bnet(?:\.exe)? user [^\s/]\S{0,60} ([^\s/*]\S{0,100})"
    r"|\bhtpasswd (?:-\w{1,6} ){0,3}-\w{0,5}b\w{0,5} \S{1,100} \S{1,60} (\S{1,100})"
    r"|<(?:password|passwd|pwd|passphrase)>([^<>\n]{1,200})</"
)
_PUTTY = re.compile(r"\bPrivate-Lines: \d{1,4}((?:\s+[A-Za-z0-9+/]{16,}={0,2})+)")
_TEMPLATE = re.compile(r"\$\{?\w+\}?|\{[^}]*\}|<[^>]*>|\[[^\]]*\]|%\w+%|[*•●·.xX]+")
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}?PRIVATE KEY(?: BLOCK)?-----")
_PRIVATE_KEY_ENDS = re.compile(r"-----END [A-Z0-9 ]{0,40}?PRIVATE KEY(?: BLOCK)?-----")
_BASE64 = re.compile(r"(?:(?:\s|\\n)*[A-Za-z0-9+/]{20,}={0,2})+")


def keys_of_known_form(text: str) -> Iterator[Span]:
    """Return the keys, tokens, private keys and passwords in addresses, headers and commands."""
    for match in _KNOWN.finditer(text):
        group = match.lastgroup or "k0"
        yield Span(match.start(), match.end(), _KINDS[int(group[1:])])
    yield from _inside(_IN_ADDRESS, text, "token")
    yield from _inside(_CREDENTIALS, text, "password")
    yield from _inside(_WEBHOOK, text, "token")
    yield from _inside(_HEADER, text, "token")
    yield from _inside(_COMMAND, text, "password")
    yield from _inside(_STATEMENT, text, "password")
    yield from _inside(_PUTTY, text, "private key")
    yield from _private_keys(text)


def _inside(pattern: re.Pattern[str], text: str, kind: Kind) -> Iterator[Span]:
    """Return the only group that took part in each match, unless it is a placeholder."""
    for match in pattern.finditer(text):
        group = match.lastindex or 0
        if _TEMPLATE.fullmatch(match[group]) is None:
            yield Span(match.start(group), match.end(group), kind)


def _private_keys(text: str) -> Iterator[Span]:
    """Return whole blocks; of a block whose end is not shown, its head and the lines of the key."""
    at = 0
    has_ends = True
    while (head := _PRIVATE_KEY.search(text, at)) is not None:
        end = _PRIVATE_KEY_ENDS.search(text, head.end()) if has_ends else None
        has_ends = end is not None
        body = end or _BASE64.match(text, head.end())
        at = head.end() if body is None else body.end()
        if body is not None:
            yield Span(head.start(), at, "private key")
