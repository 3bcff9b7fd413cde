"""The door of a served sandbox: what is nasty costs little and is refused with a word.

Raw sockets; the time that a request may take is told by a clock of the test's own.
"""

from __future__ import annotations

import json
import socket
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from qftools import Credentials
from qftools.errors import SandboxError
from qftools.sandbox import Sandbox
from qftools.sandbox.control.remote import Remote
from qftools.sandbox.sandbox import APP_CODE, CLIENT_KEY
from qftools.transport.door import MAX_BODY
from qftools.transport.multipart import MultipartError, read_multipart
from qftools.transport.server import (
    HEADER_SECONDS,
    IDLE_SECONDS,
    REQUEST_SECONDS,
    HttpServer,
    listen,
)
from tests.sandbox.doors import GatewayDoor, RequestsDoor, signature

NUMBER = {"out_trade_no": "A1"}
KIND = "multipart/form-data; boundary=B"


def part(name: str, value: str = "1", more: str = "") -> bytes:
    return f"--B\r\nContent-Disposition: form-data; {name}\r\n{more}\r\n{value}\r\n".encode()


# -- multipart ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "pairs"),
    [
        (part('name="a"') + b"--B--", [("a", "1")]),
        (part('name="a"') + b"--B--\r\n", [("a", "1")]),
        (part("name=a") + b"--B--", [("a", "1")]),
        (part('name="a"', "") + b"--B--", [("a", "")]),
        (part('name="a"', "x\r\n\r\ny") + b"--B--", [("a", "x\r\n\r\ny")]),
        (part('name="a"', "茶 --B") + b"--B--", [("a", "茶 --B")]),
        (part('name="a"') + part('name="b"', "2") + b"--B--", [("a", "1"), ("b", "2")]),
        (part('name="f"; filename="x"') + part('name="a"') + b"--B--", [("a", "1")]),
        (part('name="a"', more="Content-Type: text/plain\r\n") + b"--B--", [("a", "1")]),
        ((part('name="a"') + b"--B--").replace(b"\r\n", b"\n"), [("a", "1")]),
        (b"ignored\r\n" + part('name="a"') + b"--B--", [("a", "1")]),
        (part("name=((((") + b"--B--", [("((((", "1")]),
        (part('name="a"') * 200 + b"--B--", [("a", "1")] * 200),
    ],
)
def test_a_form_in_parts_is_read(body, pairs):
    assert read_multipart(KIND, body) == pairs


@pytest.mark.parametrize(
    "kind", ['multipart/form-data; boundary="B"', "multipart/form-data;BOUNDARY=B"]
)
def test_a_boundary_may_be_quoted(kind):
    assert read_multipart(kind, part('name="a"') + b"--B--") == [("a", "1")]


INNER = "Content-Type: multipart/mixed; boundary=C\r\n"
BAD = {
    "no boundary": ("multipart/form-data", part('name="a"') + b"--B--"),
    "an empty boundary": ('multipart/form-data; boundary=""', part('name="a"') + b"--B--"),
    "a boundary too long": (f"multipart/form-data; boundary={'B' * 300}", b"--" + b"B" * 300),
    "another boundary": (KIND, part('name="a"').replace(b"--B", b"--C")),
    "not closed": (KIND, part('name="a"')),
    "nothing": (KIND, b"\r\n"),
    "parts in parts": (KIND, part('name="a"', "--C\r\n\r\n--C--", INNER) + b"--B--"),
    "no name": (KIND, part("") + b"--B--"),
    "a name that is not closed": (KIND, part('name="(((((') + b"--B--"),
    "no disposition": (KIND, b"--B\r\n\r\n1\r\n--B--"),
    "headers without end": (KIND, b"--B\r\nContent-Disposition: form-data\r\n--B--"),
    "a long header": (KIND, part(f'name="{"a" * 9_000}"') + b"--B--"),
    "too many parts": (KIND, part('name="a"') * 201 + b"--B--"),
    "too many empty parts": (KIND, b"--B\r\n" * 40_000),
}


@pytest.mark.parametrize("name", BAD)
def test_a_form_that_cannot_be_read_is_a_format_error(name):
    kind, body = BAD[name]
    with Sandbox() as sandbox:
        door = GatewayDoor(sandbox)

        answer = door.raw("query", body, "0" * 32, Content_Type=kind)

    assert answer.respcd == "1103"
    with pytest.raises(MultipartError):
        read_multipart(kind, body)


def bombs() -> Iterator[bytes]:
    """Bodies as large as may be, each of which a general reader of messages chokes on."""
    size = MAX_BODY - 100
    yield b"--B\r\n" * (size // 5)
    yield b"--B\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n" * (size // 50)
    yield b"--B\r\n" + b"a: b\r\n" * (size // 6)
    yield b"--B\r\n" + b" " * size
    yield b"--B\r\nContent-Disposition: form-data" + b"; a=b" * (size // 5)
    yield b"--B\r\nContent-Disposition: form-data; name=" + b"(" * size
    yield b'--B\r\nContent-Disposition: form-data; name="' + b'\\"' * (size // 2)
    yield b"\r\n" * (size // 2)
    yield b"-" * size
    yield part('name="a"', "1" * (size - 100)) + b"--B--"


@pytest.mark.parametrize("body", [*bombs()], ids=range(10))
def test_no_form_in_parts_takes_many_steps(body):
    steps = 0

    def count(frame, event, argument):
        nonlocal steps
        steps += 1

    started = time.process_time()
    sys.setprofile(count)
    try:
        read_multipart(KIND, body)
    except MultipartError:
        pass
    finally:
        sys.setprofile(None)

    assert steps < 5_000
    assert time.process_time() - started < 1


# -- raw requests -------------------------------------------------------------------------


def request(
    more: bytes = b"", version: bytes = b"1.1", host: bytes = b"Host: localhost\r\n"
) -> bytes:
    return (
        b"GET /sandbox/clock HTTP/" + version + b"\r\n" + host + more + b"Connection: close\r\n\r\n"
    )


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with Sandbox() as sandbox:
        yield sandbox.serve()


def connect(url: str) -> socket.socket:
    host, port = url.removeprefix("http://").rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=20)


def status(url: str, data: bytes) -> int:
    with connect(url) as connection:
        connection.sendall(data)
        return status_of(connection)


def status_of(connection: socket.socket) -> int:
    """Return the status of the answer, 0 for a connection that ended without one."""
    try:
        head = connection.recv(64)
    except ConnectionError:
        return 0
    return int(head.split(b" ")[1]) if head else 0


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (request(), 200),
        (request(host=b""), 400),
        (request(host=b"Host:\r\n"), 421),
        (request(host=b"Host: localhost\r\nHost: localhost\r\n"), 421),
        (request(host=b"Host: localhost#evil.example\r\n"), 421),
        (request().replace(b"/sandbox/clock", b"http://localhost/sandbox/clock"), 200),
        (request().replace(b"/sandbox/clock", b"http://evil.example/sandbox/clock"), 421),
        (request(version=b"1.0", host=b""), 200),
        (request(b"Content-Length: " + b"9" * 5_000 + b"\r\n"), 400),
        (request(b"Content-Length: " + b"0" * 5_000 + b"\r\n"), 400),
        (request(b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") + b"0\r\n\r\n", 400),
        (request(b"A: " + b"b" * 70_000 + b"\r\n"), 431),
        (request(b"A: b\r\n" * 201), 400),
        (request(b"A: b\r\n" * 150), 200),
        (request().replace(b"/sandbox/clock", b"http://[::1/"), 400),
        (request().replace(b"/sandbox/clock", b"http://[x]/"), 400),
    ],
)
def test_a_request_that_is_none_gets_a_word_and_no_traceback(url, data, expected, capfd, caplog):
    assert status(url, data) == expected
    assert "Traceback" not in capfd.readouterr().err
    assert not caplog.records


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:3000"])
def test_a_page_elsewhere_cannot_even_leave_a_line_in_the_list_of_requests(make_sandbox, origin):
    sandbox = make_sandbox()
    door = RequestsDoor(sandbox, serve=False)
    headers = {"Origin": origin, "X-QF-APPCODE": APP_CODE, "X-QF-SIGN": signature(NUMBER)}

    answer = door.send("POST", "/trade/v1/query", "", headers, b"out_trade_no=A1")

    assert answer.status == 403
    assert sandbox.exchanges == ()
    assert door.query(**NUMBER).respcd == "0000"


def whole_of(connection: socket.socket) -> bytes:
    got = b""
    while piece := connection.recv(65_536):
        got += piece
    return got


def test_requests_in_one_go_are_answered_in_order_behind_a_slow_one(make_sandbox):
    sandbox = make_sandbox()
    url = sandbox.serve()
    sandbox.fault("slow", on="query", seconds=0.05)
    sandbox.fault("slow", on="query", seconds=0.05)
    with connect(url) as connection:
        slow = b"POST /trade/v1/query HTTP/1.1\r\nHost: localhost\r\n\r\n"
        other = b"GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
        connection.sendall(slow + other + slow + b"HEAD" + request()[3:])

        answers = whole_of(connection).split(b"HTTP/1.")[1:]

    assert [answer[:5] for answer in answers] == [b"1 200", b"0 200", b"1 200", b"1 200"]
    assert [b"1108" in answer for answer in answers] == [True, False, True, False]
    assert [b"keep-alive" in answers[1], b"close" in answers[3]] == [True, True]
    assert answers[3].endswith(b"\r\n\r\n")


def test_a_caller_that_asks_first_is_told_to_send_its_body(url):
    head = b"POST /trade/v1/query HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n"
    with connect(url) as connection:
        connection.sendall(head + b"Expect: 100-continue\r\nConnection: close\r\n\r\n")
        assert connection.recv(64).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
        connection.sendall(b"a=b")

        assert b'"1108"' in whole_of(connection)


def test_why_a_body_is_too_long_is_read_by_a_caller_that_is_still_sending(url):
    for length in (MAX_BODY + 1, 5 * MAX_BODY):
        head = b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        with connect(url) as connection:
            connection.sendall(head + b"Content-Length: %d\r\n\r\n" % length)
            for _ in range(length // 4_096 + 1):
                connection.sendall(b"a" * min(length, 4_096))

            assert whole_of(connection).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("path", [b"/sandbox/clock", b"/trade/v1/query"])
def test_the_last_answer_is_read_by_a_caller_that_has_sent_more_than_its_request(url, path):
    with connect(url) as connection:
        connection.sendall(request().replace(b"/sandbox/clock", path) + b"\r\n" * 100_000)

        assert whole_of(connection).startswith(b"HTTP/1.1 ")


def test_a_caller_that_does_not_read_is_not_read_from_and_holds_up_no_other(serve):
    served = serve()
    asked = request().replace(b"/sandbox/clock", b"/static/workbench.js").replace(b"close", b"a")
    with connect(served.url) as connection:
        connection.setblocking(False)
        sent = 0
        with pytest.raises(BlockingIOError):
            while sent < 100_000_000:
                sent += connection.send(asked * 100)

        assert served.ask() == 200

        def is_gone() -> bool:
            # More than once: the server may have been writing when the time was set on.
            served.now += IDLE_SECONDS + 2
            return len(served.server.connections) <= 1

        served.wait_until(is_gone)  # nor does it stay for ever


# -- slow and many ------------------------------------------------------------------------


class Served:
    """A server with a clock of its own and room for few connections."""

    def __init__(self, sandbox: Sandbox, most_connections: int) -> None:
        self.now = 1_000.0
        self.server: HttpServer = listen(
            sandbox._app, "127.0.0.1", 0, now=lambda: self.now, most_connections=most_connections
        )
        self.url = self.server.url
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()

    def ask(self) -> int:
        return status(self.url, request())

    def wait_until(self, true: Callable[[], bool]) -> None:
        """Let the loop turn, by asking, until it has taken in what was sent."""
        for _ in range(1_000):
            if true():
                return
            assert self.ask() == 200
        raise AssertionError("the server never got there")

    @property
    def coming_in(self) -> int:
        return sum(one.begun is not None for one in tuple(self.server.connections))


@pytest.fixture
def serve(make_sandbox) -> Iterator[Callable[..., Served]]:
    made: list[Served] = []

    def make(most_connections: int = 50) -> Served:
        made.append(Served(make_sandbox(), most_connections))
        return made[-1]

    yield make
    for served in made:
        served.server.stop()
        served.thread.join(timeout=10)


HALF_A_HEADER = b"POST /trade/v1/query HTTP/1.1\r\nHost: local"
HALF_A_BODY = b"POST /trade/v1/query HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nab"


@pytest.mark.parametrize(
    ("sent", "limit"), [(HALF_A_HEADER, HEADER_SECONDS), (HALF_A_BODY, REQUEST_SECONDS)]
)
def test_a_request_that_drips_in_is_dropped_when_its_time_is_over(serve, sent, limit):
    served = serve()
    with connect(served.url) as drip:
        drip.sendall(sent)
        served.wait_until(lambda: served.coming_in == 1)
        for _ in range(2):  # each byte is a sign of life, and no excuse
            served.now += limit / 2 - 0.1
            drip.sendall(b"c")
        served.wait_until(lambda: served.coming_in == 1)

        served.now += 2
        served.wait_until(lambda: served.coming_in == 0)

        assert status_of(drip) == 0


def test_a_connection_that_was_answered_may_rest_and_ask_again(serve):
    served = serve()
    keep = request().replace(b"close", b"keep-alive")
    with connect(served.url) as connection:
        connection.sendall(keep)
        assert status_of(connection) == 200
        served.now += REQUEST_SECONDS + HEADER_SECONDS

        connection.setblocking(True)
        while b"\r\n\r\n" not in connection.recv(65_536):
            pass
        connection.sendall(keep)

        assert served.ask() == 200
        assert connection.recv(1)


def test_more_dripping_connections_than_there_is_room_for_leave_room_for_the_next(serve):
    served = serve(most_connections=20)
    drips = []
    try:
        for _ in range(60):
            drips.append(connect(served.url))
            drips[-1].sendall(HALF_A_HEADER)
        assert served.ask() == 200
        assert len(served.server.connections) <= 20
    finally:
        for drip in drips:
            drip.close()


def test_the_slowest_is_dropped_and_not_the_one_that_only_rests(serve):
    served = serve(most_connections=3)
    with connect(served.url) as resting, connect(served.url) as slow:
        resting.sendall(request().replace(b"close", b"keep-alive"))
        assert status_of(resting) == 200
        slow.sendall(HALF_A_HEADER)
        served.wait_until(lambda: served.coming_in == 1)
        with connect(served.url) as third, connect(served.url) as fourth:
            third.sendall(request().replace(b"close", b"keep-alive"))
            assert status_of(third) == 200
            fourth.sendall(request())
            assert status_of(fourth) == 200

            assert status_of(slow) == 0
            resting.sendall(request())
            assert resting.recv(1)


# -- files, and the way out ---------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX")
@pytest.mark.parametrize("content", ["books", "empty"])
def test_a_file_that_others_could_read_is_closed_to_them(tmp_path, content):
    path = tmp_path / "books.sqlite3"
    if content == "books":
        Sandbox(data=path).close()
    else:
        path.touch()
    path.chmod(0o666)

    with Sandbox(data=path) as sandbox:
        sandbox.client().pay(pay_type="800101", txamt=100, txcurrcd="HKD")
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
        with pytest.raises(SandboxError, match="in use"):
            Sandbox(data=path)

    assert set(modes.values()) == {0o600}


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX")
def test_a_file_of_something_else_keeps_its_mode(tmp_path):
    path: Path = tmp_path / "notes.txt"
    path.write_text("mine" * 1_000)
    path.chmod(0o644)

    with pytest.raises(SandboxError):
        Sandbox(data=path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_remote_follows_no_redirect(make_sandbox):
    sandbox = make_sandbox()
    sandbox.serve()
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        answer = (
            f"HTTP/1.1 307 x\r\nLocation: {sandbox.url}/sandbox/orders\r\nContent-Length: 0\r\n\r\n"
        )

        def redirect() -> None:
            connection, _ = elsewhere.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(answer.encode())

        thread = threading.Thread(target=redirect)
        thread.start()
        with pytest.raises(SandboxError, match="redirect"):
            Remote(f"http://127.0.0.1:{elsewhere.getsockname()[1]}").call("GET", "/sandbox/orders")
        thread.join(timeout=10)


# -- what is shown ------------------------------------------------------------------------


SECRETS = {
    "client_key": CLIENT_KEY,
    "key": "5E5B3A0C9D7F4E21A8B6C4D2E0F19375",
    "user_creid": "440106199001011234",
    "user_truename": "陈大文",
    "extend_info": json.dumps({"user_creid": "330106199001014321", "user_truename": "Lei Feng"}),
    "goods_name": f"tea {CLIENT_KEY}",
}
NEVER = (CLIENT_KEY, SECRETS["key"], "4401061990", "陈大文", "3301061990", "Lei Feng")


@pytest.mark.parametrize("form", ["urlencoded", "multipart", "query"])
def test_keys_and_the_payer_are_left_out_of_an_exchange(make_sandbox, form):
    sandbox = make_sandbox()
    url = sandbox.serve()
    params = SECRETS | {"out_trade_no": "T1", "txamt": "2500", "udid": ""}
    headers = {"X-QF-APPCODE": APP_CODE, "X-QF-SIGN": signature(params)}
    target = f"{url}/trade/v1/payment"
    if form == "query":
        requests.post(target, params=params, headers=headers, timeout=20)
    elif form == "urlencoded":
        requests.post(target, data=params, headers=headers, timeout=20)
    else:
        files = {name: (None, value) for name, value in params.items()}
        requests.post(target, files=files, headers=headers, timeout=20)

    shown = requests.get(f"{url}/sandbox/exchanges/1", timeout=20).json()

    assert shown["signature"] == "ok"
    assert shown["params"]["out_trade_no"] == "T1"
    assert (shown["params"]["txamt"], shown["params"]["udid"]) == ("2500", "")
    written = json.dumps(shown, ensure_ascii=False)
    assert [secret for secret in NEVER if secret in written] == []


def test_an_exchange_of_a_stranger_shows_no_merchants_key_either(make_sandbox):
    sandbox = make_sandbox()
    url = sandbox.serve()
    stranger = Credentials("D" * 32, "E" * 32)
    headers = {"X-QF-APPCODE": stranger.app_code, "X-QF-SIGN": "0"}
    requests.post(f"{url}/trade/v1/query", data=SECRETS, headers=headers, timeout=20)

    shown = requests.get(f"{url}/sandbox/exchanges/1", timeout=20).text

    assert [secret for secret in NEVER if secret in json.dumps(json.loads(shown))] == []
