"""Starting and stopping the relay of a stack's directory."""

import os
import shutil
import sys
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from devstack.gemini_relay.addresses import UPSTREAM, checked_upstream
from devstack.processes import places, programs
from devstack.processes.private_files import write_private
from devstack.processes.programs import Program
from devstack.stack import servers

__all__ = ["RelayInfo", "start_relay", "stop_relay"]

_NAME = "gemini_relay"
_WAY_OUT = ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR")


class RelayInfo(BaseModel):
    """Where the relay answers.

    Attributes
    ----------
    port : int
        On every address it listens on.
    url : str
        As this machine reaches it. Pods use their own address of this machine with `port`.
    """

    model_config = ConfigDict(frozen=True)

    port: int
    url: str


class _Running(BaseModel):
    program: Program
    listen: str
    upstream: str
    port: int

    def info(self) -> RelayInfo:
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.listen, self.listen)
        return RelayInfo(port=self.port, url=f"http://{host}:{self.port}")


def start_relay(directory: Path, *, listen: str = "0.0.0.0", upstream: str = UPSTREAM) -> RelayInfo:
    """Start the relay, or return the one that runs already. It outlives this process.

    Parameters
    ----------
    directory : Path
        Directory of the stack; the relay's state is in a folder in it.
    listen : str
        Address to listen on. The relay holds no key: callers need their own.
    upstream : str
        Origin of the Gemini API.

    Raises
    ------
    ValueError
        If the upstream is not an origin.
    StackError
        If it does not start; nothing of it is left running then.
    """
    upstream = str(checked_upstream(upstream))
    with places.locked(_lock(directory)):
        known = _load(directory)
        if known is not None:
            if (known.listen, known.upstream) == (listen, upstream) and programs.is_alive(known.program):
                return known.info()
            _stop(directory)
        own = _folder(directory)
        for folder in (own / "announce", own / "logs"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        announcement = own / "announce" / f"{_NAME}.json"
        announcement.unlink(missing_ok=True)
        command = [sys.executable, "-m", f"devstack.{_NAME}", "--host", listen, "--upstream", upstream]
        program = programs.start(
            [*command, "--announce", announcement], log=own / "logs" / f"{_NAME}.log", environment=_environment()
        )
        running = _Running(program=program, listen=listen, upstream=upstream, port=0)
        try:
            # Written before it listens too: whatever ends us now, `stop_relay` finds it.
            _save(directory, running)
            running.port = servers.wait_for_port(own, _NAME, program)
            _save(directory, running)
        except BaseException:
            programs.end(program)
            _remove(directory)
            raise
        return running.info()


def stop_relay(directory: Path) -> None:
    """End the relay and remove what it wrote. Without one nothing happens."""
    with places.locked(_lock(directory)):
        _stop(directory)


def _stop(directory: Path) -> None:
    known = _load(directory)
    if known is not None:
        programs.end(known.program)
    _remove(directory)


def _remove(directory: Path) -> None:
    shutil.rmtree(_folder(directory), ignore_errors=True)
    if directory.exists() and not any(directory.iterdir()):
        directory.rmdir()


def _environment() -> dict[str, str]:
    way_out = {name: os.environ[name] for name in _WAY_OUT if name in os.environ}
    # aiohttp would add the user's saved passwords to requests that go through a proxy's settings.
    return servers.environment() | way_out | {"NETRC": os.devnull}


def _folder(directory: Path) -> Path:
    return directory / _NAME


def _load(directory: Path) -> _Running | None:
    try:
        return _Running.model_validate_json((_folder(directory) / "relay.json").read_bytes())
    except FileNotFoundError:
        return None


def _save(directory: Path, running: _Running) -> None:
    write_private(_folder(directory) / "relay.json", running.model_dump_json())


def _lock(directory: Path) -> Path:
    # The stack's own lock, so that its end and the relay's never meet in one directory.
    return directory.with_name(f".{directory.name}.lock")
