"""Which proxy an address is asked through."""

import pytest

from remote_backend.config.proxies import proxies_of

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
