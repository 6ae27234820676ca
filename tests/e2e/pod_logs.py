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
        Text by pod, container and number of its restarts; it is whole once the block is left.
    """
    kubelet = processes(cluster, "kubelet")
    assert kubelet, "the cluster's node runs on this machine, in namespaces"
    folder = Path(f"/proc/{kubelet[0]}/root/var/log/pods")
    said: dict[str, str] = {}
    sizes: dict[str, int] = {}
    ended = threading.Event()

    def look() -> None:
        last_round = False
        while not last_round:
            last_round = ended.wait(_LOOK_SECONDS)
            for path in folder.glob(f"{namespace}_*/*/*.log"):
                place = f"{path.parts[-3].split('_')[1]} {path.parts[-2]} {path.stem}"
                try:
                    size = path.stat().st_size
                    if size != sizes.get(place):
                        said[place] = path.read_text(errors="replace")
                        sizes[place] = size
                except FileNotFoundError:
                    continue

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield said
    finally:
        ended.set()
        thread.join()
