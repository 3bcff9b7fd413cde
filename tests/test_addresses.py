"""One reading of web addresses: the host that is checked is the host that is called."""

import socket
import threading

import pytest

from qftools.client.guard import check_place
from qftools.errors import SandboxError, WrongPlaceError
from qftools.models import Credentials
from qftools.sandbox.control.remote import Remote
from qftools.sandbox.notifications.post import check
from qftools.transport.addresses import AddressError, is_loopback, read_address, split
from qftools.transport.deadline import direct

REAL = Credentials("A", "a secret", environment="production")
ALL = ["unlisted-host", "plain-http"]


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://openapi-hk.qfapi.com.", "https://openapi-hk.qfapi.com"),
        ("https://openapi-hk。qfapi。com", "https://openapi-hk.qfapi.com"),
        ("https://openapi-hk．qfapi｡com/", "https://openapi-hk.qfapi.com/"),
        ("HTTPS://OPENAPI-HK.QFAPI.COM:443/a?b", "https://openapi-hk.qfapi.com:443/a?b"),
        ("https://ⓞpenapi.qfapi.com", "https://openapi.qfapi.com"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("http://my_service:80", "http://my_service:80"),
        ("http://h:", "http://h"),
        ("http://[2001:DB8::0:1]:8/", "http://[2001:db8::1]:8/"),
    ],
)
def test_a_host_has_one_spelling(text, url):
    assert read_address(text).url == url
    assert read_address(url).url == url


LOOPBACK = [
    "127.0.0.1",
    "127。0。0。1",
    "１２７.0.0.1",
    "127.0.0.1.",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "localhost",
    "LOCALHOST.",
    "shop.localhost",
    "shop。localhost。",
]


@pytest.mark.parametrize("host", LOOPBACK)
def test_every_spelling_of_this_machine_is_this_machine_for_all_who_ask(host):
    url = f"http://{host}:8787"

    assert read_address(url).is_loopback
    assert check(url).is_loopback
    assert read_address(Remote(url).url).is_loopback
    with pytest.raises(WrongPlaceError, match="is this machine"):
        check_place(url, REAL, ALL)


@pytest.mark.parametrize(
    "text",
    [
        "https://:pw@127.0.0.1",
        "https://@127.0.0.1",
        "https://me@openapi-hk.qfapi.com",
        "http://evil.example\\.localhost",
        "http:\\\\127.0.0.1",
        "http://127.0.0.1\t",
        "http://local\rhost",
        "http://localhost\n",
        " http://localhost",
        "http://local host",
        "http://loca\u00adlhost",
        "http://\u200blocalhost",
        "http://[::1/",
        "http://::1/",
        "http://[localhost]/",
        "http://[v1.x]/",
        "http://[fe80::1%25eth0]/",
        "http://%6cocalhost",
        "http://localhost..",
        "http://a..b",
        "http://.localhost",
        "http://127.1",
        "http://0x7f.1",
        "http://0x7f000001",
        "http://2130706433",
        "http://017700000001",
        "http://0177.0.0.1",
        "http://1.2.3.4.5",
        "http://256.1.1.1",
        "http://127.0.0.1.0x",
        "http://0.0.0.0",
        "http://0",
        "http://[::]",
        "http://℀.example",
        "http://h:0",
        "http://h:x",
        "http://h:99999",
        "http:///path",
        "http:localhost",
        "//localhost",
        "ftp://localhost",
        "localhost",
        "",
        "http://h/\ud800",
        "http://" + "é" * 300,
        "http://" + "a" * 64,
    ],
)
def test_what_readers_take_in_different_ways_is_taken_by_none(text):
    with pytest.raises(AddressError):
        read_address(text)
    with pytest.raises(WrongPlaceError):
        check_place(text, Credentials("A", "a secret"), ALL)
    with pytest.raises(SandboxError):
        check(text, anywhere=True)
    with pytest.raises(SandboxError):
        Remote(text)


@pytest.mark.parametrize("url", ["https://openapi-hk.qfapi.com.", "https://openapi-hk。qfapi。com"])
def test_no_spelling_of_a_production_host_gets_past_the_look_up(url):
    with pytest.raises(WrongPlaceError, match="environment-mismatch"):
        check_place(url, Credentials("A", "a secret", environment="test"), ALL)

    assert check_place(url, REAL) == "https://openapi-hk.qfapi.com"


@pytest.mark.parametrize("end", ["?a", "?", "#a", "#"])
def test_a_base_address_has_neither_query_nor_fragment(end):
    with pytest.raises(WrongPlaceError, match="scheme and host"):
        check_place(f"https://openapi-hk.qfapi.com/{end}", REAL)


@pytest.mark.parametrize("host", ["127.0.0.1.example", "notlocalhost", "localhost.example", "::g"])
def test_a_name_that_only_looks_like_this_machine_is_not(host):
    assert not is_loopback(host)


@pytest.mark.parametrize("text", ["https://[::1/q?a=1", "http://h:x/q?a=1", "//[/q?a=1", "q?a=1"])
def test_any_text_can_be_taken_apart(text):
    parts = split(text)

    assert parts.query == "a=1"
    assert (parts.path[-1], parts.port) == ("q", None)


def test_a_name_under_localhost_is_called_without_a_look_up():
    came = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            connection, _ = server.accept()
            with connection:
                came.append(connection.recv(65_536))
                connection.sendall(b"HTTP/1.1 200 x\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        place = f"no-resolver-knows-this.localhost:{server.getsockname()[1]}"
        with direct() as session:
            status = session.post(f"http://{place}/notify", data=b"a", timeout=20).status_code
        thread.join(timeout=20)

    assert status == 200
    assert f"\r\nHost: {place}\r\n".encode() in came[0]
