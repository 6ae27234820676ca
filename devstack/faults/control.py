"""Sets the faults of a stand-in over HTTP, from a test."""

from __future__ import annotations

import ssl

import httpx

from devstack.faults.fault import CONTROL_PREFIX, FAULTS, RECORDS, Fault, RequestRecord


class FaultControl:
    """Controls the faults of one stand-in (synchronous).

    Parameters
    ----------
    base_url : str
        Address of the stand-in, for example ``http://127.0.0.1:54321``.

    Raises
    ------
    httpx.HTTPError
        By every method, if the stand-in does not answer or refuses.
    """

    def __init__(self, base_url: str) -> None:
        self._client = httpx.Client(
            base_url=base_url,
            timeout=60,
            trust_env=False,
            # A stand-in speaks plain HTTP, and reading the authorities takes 20 ms.
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def set(self, *faults: Fault) -> None:
        """Arm exactly these faults; earlier ones are removed."""
        self._call("PUT", "faults", content=FAULTS.dump_json(list(faults)))

    def pending(self) -> list[Fault]:
        """Return the armed faults, with what is left of `skip` and `times`."""
        return FAULTS.validate_json(self._call("GET", "faults").content)

    def clear(self) -> None:
        """Disarm all faults and reset the clock."""
        self._call("DELETE", "faults")

    def skew_clock(self, seconds: float) -> None:
        """Move the `Date` header of every answer by so many seconds, until `clear`."""
        self._call("PUT", "clock", json={"skew_seconds": seconds})

    def requests(self) -> list[RequestRecord]:
        """Return the log of requests, oldest first."""
        return RECORDS.validate_json(self._call("GET", "requests").content)

    def forget(self) -> None:
        """Empty the log of requests."""
        self._call("DELETE", "requests")

    def close(self) -> None:
        """Close the connections of this control."""
        self._client.close()

    def _call(
        self, method: str, route: str, *, content: bytes | None = None, json: dict[str, float] | None = None
    ) -> httpx.Response:
        response = self._client.request(method, f"{CONTROL_PREFIX}{route}", content=content, json=json)
        response.raise_for_status()
        return response
