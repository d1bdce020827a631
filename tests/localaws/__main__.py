"""`python -m tests.localaws [PORT]`: AWS on loopback until standard input ends, so that it never outlives who began it.

The first line of standard output is the address. Without a port the system chooses a free one. uvicorn serves moto, not
moto's own development server: that one closes every connection after its answer, and a client that comes back in
hundreds of connections at once loses one now and then.
"""

from __future__ import annotations

import os
import socket
import sys
from threading import Thread

import uvicorn
from a2wsgi import WSGIMiddleware
from moto.server import DomainDispatcherApplication, create_backend_app

from tests.localaws import extend

AT_ONCE = 16  # requests answered side by side; more wait
KEPT_OPEN = 3600  # seconds an idle connection lives: the client ends it, never the server


def main(port: int) -> None:
    listening = socket.create_server(("127.0.0.1", port))
    host, chosen = listening.getsockname()
    os.environ["MOTO_PORT"] = str(chosen)
    extend()
    moto = WSGIMiddleware(DomainDispatcherApplication(create_backend_app), workers=AT_ONCE)
    settings = uvicorn.Config(moto, lifespan="off", log_level="warning", timeout_keep_alive=KEPT_OPEN)
    server = uvicorn.Server(settings)
    Thread(target=server.run, args=([listening],), daemon=True).start()
    sys.stdout.write(f"http://{host}:{chosen}\n")
    sys.stdout.flush()
    sys.stdin.read()


main(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
