"""What every container of a namespace says, also of pods that are gone by the time somebody asks."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devstack.cluster import ClusterInfo, processes

__all__ = ["everything_said"]

_LOOK_SECONDS = 0.1


@contextmanager
def everything_said(cluster: ClusterInfo, namespace: str) -> Iterator[dict[str, str]]:
    """Keep the log files of a namespace's containers as the kubelet has them; they go with their pods.

    Yields
    ------
    dict
        Text by the name of the pod's folder; it is whole once the block is left.
    """
    kubelet = processes(cluster, "kubelet")
    assert kubelet, "the cluster's node runs on this machine, in namespaces"
    folder = Path(f"/proc/{kubelet[0]}/root/var/log/pods")
    said: dict[str, str] = {}
    ended = threading.Event()

    def look() -> None:
        last_round = False
        while not last_round:
            last_round = ended.wait(_LOOK_SECONDS)
            for path in folder.glob(f"{namespace}_*/*/*.log"):
                try:
                    text = path.read_text(errors="replace")
                except FileNotFoundError:
                    continue
                name = path.parts[-3].split("_")[1]
                said[name] = max(said.get(name, ""), text, key=len)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield said
    finally:
        ended.set()
        thread.join()
