"""How the page is served, and what of that is refused. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from runops_ui.security.clients import Network, networks_of
from runops_ui.security.hosts import is_loopback

__all__ = ["PORT", "UiSettings", "refusal", "settings_of"]

PORT = 8765
_SHORTEST_TOKEN = 16
_YES = frozenset({"1", "true", "yes"})


@dataclass(frozen=True, slots=True, kw_only=True)
class UiSettings:
    """The choices.

    Attributes
    ----------
    host, port
        Where it listens.
    allow_actions
        Whether jobs may be retried, cancelled and paused; otherwise it only reads.
    token
        What visitors log in with; None where nobody logs in.
    behind_proxy
        Whether a proxy in front lets in only whom it knows, so that no token is needed.
    hosts
        Names under which it may be reached, beside this machine's and addresses.
    trusted_proxies
        Proxies whose `X-Forwarded-For` tells who tries a token.
    """

    host: str = "127.0.0.1"
    port: int = PORT
    allow_actions: bool = False
    token: str | None = field(default=None, repr=False)
    behind_proxy: bool = False
    hosts: frozenset[str] = frozenset()
    trusted_proxies: tuple[Network, ...] = ()

    @property
    def needs_login(self) -> bool:
        """Whether visitors log in."""
        return self.token is not None


def refusal(settings: UiSettings) -> str | None:
    """Return why the page is not served so, and what to do; None where it is."""
    if settings.token is not None and len(settings.token) < _SHORTEST_TOKEN:
        return f"The token has fewer than {_SHORTEST_TOKEN} characters. Make one with `openssl rand -hex 32`."
    if settings.token is not None and settings.behind_proxy:
        return "A token and a proxy that lets people in are both set, and only one would be used. Set one of them."
    if not is_loopback(settings.host) and settings.token is None and not settings.behind_proxy:
        return (
            f"On {settings.host} others reach the page too, so it needs a token. Put one into a file "
            "(`openssl rand -hex 32 > token`) and name it with --token-file, or keep to --host 127.0.0.1."
        )
    return None


def settings_of(environ: Mapping[str, str]) -> UiSettings:
    """Return the settings of the Deployment, by its environment.

    Raises
    ------
    ValueError
        One cannot be used; the message names it.
    """
    port = environ.get("RUNOPS_UI_PORT", str(PORT))
    if not port.isdecimal():
        raise ValueError(f"RUNOPS_UI_PORT is {port!r}, which is no port.")
    token = environ.get("RUNOPS_UI_TOKEN", "").strip()
    return UiSettings(
        host=environ.get("RUNOPS_UI_HOST", "127.0.0.1"),
        port=int(port),
        allow_actions=environ.get("RUNOPS_UI_ALLOW_ACTIONS", "").casefold() in _YES,
        token=token or None,
        behind_proxy=environ.get("RUNOPS_UI_BEHIND_PROXY", "").casefold() in _YES,
        trusted_proxies=networks_of(environ.get("RUNOPS_UI_TRUSTED_PROXIES", "").split(",")),
        hosts=frozenset(
            filter(None, (one.strip().casefold() for one in environ.get("RUNOPS_UI_HOSTS", "").split(",")))
        ),
    )
