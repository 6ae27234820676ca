"""The operator's image leaves out the generated classes of the Kubernetes client; here nothing of it loads them."""

import subprocess
import sys
import textwrap

from tests.release.making import CHECKOUT

_PROGRAM = textwrap.dedent(
    '''
    import asyncio, importlib, json, pkgutil, re, sys, threading
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    LEFT_OUT = re.compile(r"kubernetes\\.(aio\\.)?client\\.(api|models)\\..+")

    class LeftOut:
        """Finds no module that the image does not have."""

        def find_spec(self, name, path=None, target=None):
            if LEFT_OUT.fullmatch(name):
                raise ModuleNotFoundError(f"{name} is not in the image")

    sys.meta_path.insert(0, LeftOut())

    import runops_operator
    for module in pkgutil.walk_packages(runops_operator.__path__, "runops_operator."):
        importlib.import_module(module.name)

    class Api(BaseHTTPRequestHandler):
        def do_GET(self):
            self.answer(200, {"metadata": {}, "items": [{"metadata": {"name": "vj-1"}}]})

        def do_POST(self):
            self.answer(409, {"kind": "Status", "code": 409, "reason": "AlreadyExists"})

        def answer(self, status, content):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    from kubernetes.aio import client
    from runops_operator.cluster import Conflict, KubernetesCluster

    async def calls(host):
        cluster = KubernetesCluster(client.ApiClient(client.Configuration(host=host)), "n")
        try:
            found = [item["metadata"]["name"] async for item in cluster.list_videojobs()]
            try:
                await cluster.create_job({"metadata": {"name": "j"}})
            except Conflict:
                found.append("conflict")
            return found
        finally:
            await cluster.close()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(asyncio.run(calls(f"http://127.0.0.1:{server.server_address[1]}")))
    server.shutdown()
    '''
)


def test_every_module_loads_and_the_api_is_spoken_without_the_classes() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, timeout=120, check=False, cwd=CHECKOUT
    )

    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.strip() == "['vj-1', 'conflict']"
