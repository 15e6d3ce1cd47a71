"""A port for a server that some test starts."""

from __future__ import annotations

import random
import socket

_draw = random.SystemRandom()


def free_port() -> int:
    """A port that nobody listens at, below those that the system gives to connections.

    One that the system chose could be given away again before the server has started.
    """
    while True:
        port = _draw.randrange(20_000, 32_000)
        with socket.socket() as one:
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
