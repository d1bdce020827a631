"""`python -m tests.localaws [PORT]`: AWS on loopback until standard input ends, so that it never outlives who began it.

The first line of standard output is the address. Without a port the system chooses a free one.
"""

from __future__ import annotations

import logging
import os
import sys

from moto.server import ThreadedMotoServer

from tests.localaws import extend


def main(port: int) -> None:
    extend()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    host, chosen = server.get_host_and_port()
    os.environ["MOTO_PORT"] = str(chosen)
    sys.stdout.write(f"http://{host}:{chosen}\n")
    sys.stdout.flush()
    sys.stdin.read()
    server.stop()


main(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
