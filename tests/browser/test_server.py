"""What the server answers to whom: this machine only, and only under its own names."""

from __future__ import annotations

import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.synthetic_store import write_synthetic_store

pytestmark = pytest.mark.browser
UPGRADE = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_synthetic_store(tmp_path_factory.mktemp("runs") / "synthetic.duckdb").parent


@pytest.fixture
def port(address: str) -> int:
    port = urlsplit(address).port
    assert port is not None
    return port


def status(port: int, path: str, host: str, more: str = "") -> int:
    """The status of the answer to one request, as a browser that was led astray would send it."""
    with socket.create_connection(("127.0.0.1", port), timeout=90) as connection:
        closing = "" if "Connection:" in more else "Connection: close\r\n"
        request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{closing}{more}\r\n"
        connection.sendall(request.encode())
        answer = connection.recv(200).decode("latin-1")
    return int(answer.split()[1])


@pytest.mark.parametrize("path", ["/", "/rankings?run=synthetic", "/_stcore/health"])
def test_a_foreign_host_gets_no_page(port: int, path: str) -> None:
    for own in (f"127.0.0.1:{port}", f"localhost:{port}", "localhost"):
        assert status(port, path, own) == 200
    for foreign in ("evil.example", f"evil.example:{port}", "localhost.evil.example", "0.0.0.0"):
        assert 400 <= status(port, path, foreign) < 500


def test_a_foreign_host_or_page_gets_no_session(port: int) -> None:
    stream, own = "/_stcore/stream", f"127.0.0.1:{port}"
    assert status(port, stream, own, UPGRADE + f"Origin: http://{own}\r\n") == 101
    assert 400 <= status(port, stream, f"evil.example:{port}", UPGRADE) < 500
    foreign = UPGRADE + "Origin: http://evil.example\r\n"
    assert 400 <= status(port, stream, own, foreign) < 500
    both = UPGRADE + f"Origin: http://evil.example:{port}\r\n"
    assert 400 <= status(port, stream, f"evil.example:{port}", both) < 500


def test_it_listens_on_this_machine_only(port: int) -> None:
    """As the kernel lists it: address and port in hexadecimal, state 0A is listening."""
    found = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        if Path(table).is_file():
            for line in Path(table).read_text().splitlines()[1:]:
                place, state = line.split()[1], line.split()[3]
                at, _, number = place.rpartition(":")
                if state == "0A" and int(number, 16) == port:
                    found.append(at)
    assert found == ["0100007F"]
