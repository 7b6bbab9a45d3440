"""Host names are compared in one form and shown in another."""

import pytest

from remote_backend.config.discovery import normalize_hostname as offered_beside_discovery
from remote_backend.config.hostname import display_hostname, normalize_hostname
from remote_backend.errors import BadHostname


@pytest.mark.parametrize(
    ("text", "normalized"),
    [
        ("app.terraform.io", "app.terraform.io"),
        ("TFE.Example", "tfe.example"),
        ("tfe.example:443", "tfe.example"),
        ("tfe.example:0443", "tfe.example"),
        ("tfe.example:08443", "tfe.example:8443"),
        ("Bücher.test", "xn--bcher-kva.test"),
        ("bücher。test", "xn--bcher-kva.test"),
        ("faß.test", "xn--fa-hia.test"),
        ("localhost", "localhost"),
        ("127.0.0.1:8000", "127.0.0.1:8000"),
        ("h:65535", "h:65535"),
    ],
)
def test_a_host_name_has_one_form(text: str, normalized: str) -> None:
    """Case, the usual port, zeros and letters of other alphabets make no difference."""
    assert normalize_hostname(text) == normalized


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "https://tfe.example",
        "tfe.example/app",
        "user@tfe.example",
        "xn--bcher-kva.test",
        "a.XN--bcher-kva",
        "a..b",
        ".a",
        "a.",
        ":80",
        "a:",
        "a:b",
        "a:-1",
        "a:65536",
        "a:99999999999",
        "a:٣",
        "[::1]",
        "[::1]:80",
        "::1",
        "a_b.test",
        "a b",
        "-a.test",
        "a\u200db.test",
        "a" * 64,
    ],
)
def test_what_is_no_host_name_is_refused(text: str) -> None:
    """URLs, encoded labels, empty labels, IPv6 and odd letters are named and refused."""
    with pytest.raises(BadHostname) as caught:
        normalize_hostname(text)

    assert caught.value.hostname == text
    assert repr(text) in str(caught.value)


def test_people_see_the_letters_of_a_name() -> None:
    """The encoded form is decoded, the port stays, and other names stay as they are."""
    assert display_hostname("xn--bcher-kva.test:8443") == "bücher.test:8443"
    assert display_hostname("tfe.example") == "tfe.example"
    assert display_hostname("xn--99999999") == "xn--99999999"


def test_the_function_is_offered_by_discovery_too() -> None:
    """Callers find it beside what needs it."""
    assert offered_beside_discovery is normalize_hostname
