"""Which proxy an address is asked through."""

import pytest

from remote_backend.config.proxies import proxies_of
from remote_backend.errors import SettingsError

API = "https://tfe.corp"


@pytest.mark.parametrize(
    ("environ", "address", "proxy"),
    [
        ({}, API, None),
        ({"HTTPS_PROXY": "http://p:3128"}, API, "http://p:3128"),
        ({"HTTPS_PROXY": "p:3128"}, API, "http://p:3128"),
        ({"HTTPS_PROXY": "http://up", "https_proxy": "http://low"}, API, "http://low"),
        ({"HTTP_PROXY": "http://p"}, API, None),
        ({"HTTP_PROXY": "http://p"}, "http://tfe.corp", "http://p"),
        ({"HTTPS_PROXY": "http://u:pa%40ss@p"}, API, "http://u:pa%40ss@p"),
        ({"HTTPS_PROXY": "http://p"}, "https://localhost:8443", None),
        ({"HTTPS_PROXY": "http://p"}, "https://127.0.0.9", None),
        ({"HTTPS_PROXY": "http://p"}, "https://[::1]:8443", None),
    ],
)
def test_the_usual_variables_count(
    environ: dict[str, str], address: str, proxy: str | None
) -> None:
    """Both spellings, each scheme its own; this machine is asked directly (P53)."""
    assert proxies_of(environ)(address) == proxy


@pytest.mark.parametrize(
    ("exceptions", "host", "direct"),
    [
        ("tfe.corp", "tfe.corp", True),
        ("tfe.corp", "a.tfe.corp", True),
        ("tfe.corp", "nottfe.corp", False),
        (".corp", "tfe.corp", True),
        (".corp", "corp", False),
        ("*.corp", "tfe.corp", True),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("tfe.corp:8443", "tfe.corp:8443", True),
        ("tfe.corp:8443", "tfe.corp", False),
        ("a, TFE.corp ,b", "tfe.corp", True),
        ("*", "anything.test", True),
        ("", "tfe.corp", False),
    ],
)
def test_exceptions_are_asked_directly(exceptions: str, host: str, direct: bool) -> None:
    """Names with their subdomains, networks, ports, and everything (P53)."""
    environ = {"HTTPS_PROXY": "http://p", "NO_PROXY": exceptions}
    assert (proxies_of(environ)(f"https://{host}") is None) is direct


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (
            "socks5://me:sekret@p:1080",
            "socks5 is not supported; give the address of an HTTP",
        ),
        ("SOCKS5H://p:1080", "socks5h is not supported"),
        ("ftp://me:sekret@p", "it is not an address like http://HOST:PORT"),
        ('"http://me:sekret@p:3128"', "without quotes"),
        ("http://me:sek/ret@p:3128", "%XX for special characters of the password"),
        ("http://p:sekret", "it is not an address"),
        ("http://[::1", "it is not an address"),
        ("http://", "it is not an address"),
        ("http://p q:3128", "it is not an address"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_named_by_its_variable(
    value: str, problem: str
) -> None:
    """The error never shows the value, and comes when an address needs the proxy (N20, L9)."""
    proxy_of = proxies_of({"HTTPS_PROXY": value, "NO_PROXY": "direct.test"})

    with pytest.raises(SettingsError) as caught:
        proxy_of(API)

    assert str(caught.value).startswith("the variable HTTPS_PROXY names a proxy that")
    assert problem in str(caught.value)
    assert "sek" not in str(caught.value) and "ret" not in str(caught.value)
    assert proxy_of("https://direct.test") is proxy_of("http://tfe.corp") is None


def test_white_space_around_a_proxy_is_dropped() -> None:
    """Files and secret stores like to add a line end."""
    assert proxies_of({"https_proxy": " http://p:3128\n"})(API) == "http://p:3128"
