"""A reverse proxy to the Gemini API for pods of the local cluster, which have no way to the internet."""

from devstack.gemini_relay.addresses import UPSTREAM
from devstack.gemini_relay.running import RelayInfo, start_relay, stop_relay

__all__ = ["UPSTREAM", "RelayInfo", "start_relay", "stop_relay"]
