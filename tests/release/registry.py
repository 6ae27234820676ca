"""Just enough of a registry for a client to pull from an OCI layout: two GET paths of the distribution protocol."""

import json
import re
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread


@contextmanager
def serving(layout: Path) -> Iterator[str]:
    """Serve a layout's blobs and its manifest, whatever the repository is called; gives host and port."""
    with tarfile.open(layout) as archive:
        streams = [(entry.name, archive.extractfile(entry)) for entry in archive]
        blobs = {f"sha256:{name.rpartition('/')[2]}": stream.read() for name, stream in streams if stream is not None}
    index = json.loads(blobs["sha256:index.json"])
    (named,) = index["manifests"]
    tags: dict[str, str] = {named["annotations"]["org.opencontainers.image.ref.name"]: named["digest"]}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(body=True)

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def _answer(self, *, body: bool) -> None:
            found = re.fullmatch(r"/v2/.+/(manifests|blobs)/([^/]+)", self.path)
            wanted = str(found[2]) if found else ""
            digest = tags.get(wanted, wanted)
            content = b"{}" if self.path == "/v2/" else blobs.get(digest)
            if content is None:
                self.send_error(404)
                return
            manifest = found is not None and found[1] == "manifests"
            self.send_response(200)
            self.send_header("Content-Type", named["mediaType"] if manifest else "application/octet-stream")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Docker-Content-Digest", digest)
            self.end_headers()
            if body:
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=120)
