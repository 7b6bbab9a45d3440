"""From exceptions of aiohttp to `TransportError`: the cause, and whether anything was sent."""

import ssl
from urllib.parse import urlsplit

import aiohttp
from attrs import frozen

from remote_backend.errors import PlainHttp, TransportError

__all__ = ("Attempt",)

# https://docs.openssl.org/3.0/man3/X509_STORE_CTX_get_error/
_CLOCK = "check the clock of this machine, or have the certificate renewed"
_ADVICE_BY_CODE = {
    **dict.fromkeys(
        (2, 18, 19, 20, 21),
        "no authority that this machine trusts has signed it: set SSL_CERT_FILE to a PEM file "
        "with the right one",
    ),
    9: _CLOCK,
    10: _CLOCK,
    62: "it is for other names: check the host name, and proxies on the way",
    64: "it is for other names: check the address, and proxies on the way",
}


@frozen
class Attempt:
    """One exchange, as its failures name it."""

    method: str
    where: str
    """The address without secrets."""

    host: str
    """Host and port of the request."""

    proxy: str | None = None
    """Host and port of the proxy on the way, without its password."""

    def error_from(self, error: BaseException) -> TransportError:
        """Return the failure that an exception of aiohttp means."""
        if _speaks_plain_http(error):
            return PlainHttp(
                self.method,
                self.where,
                f"{self.host} answers plain HTTP where HTTPS is needed; it does not speak TLS",
                may_have_happened=False,
                is_permanent=True,
            )
        if isinstance(error, aiohttp.ClientConnectorError):
            return self.error_before_sending(
                self._connecting(error), is_permanent=_is_permanent(error)
            )
        if isinstance(error, aiohttp.ClientHttpProxyError):
            return self.error_before_sending(
                self._refused_by_proxy(error.status), is_permanent=error.status < 500
            )
        # aiohttp's timeouts are ClientErrors as well, so they come first.
        if isinstance(error, aiohttp.ConnectionTimeoutError):
            return self.error_before_sending(f"no connection to {self._route} in time")
        if isinstance(error, TimeoutError):
            return self.error_after_sending(f"no response from {self._route} in time")
        if isinstance(error, aiohttp.InvalidURL | UnicodeError):
            return self.error_before_sending("this is not an address", is_permanent=True)
        if isinstance(error, aiohttp.ClientResponseError):
            return self.error_after_sending(
                f"{self._route} responds with invalid HTTP", is_permanent=True
            )
        if "CERTIFICATE_REQUIRED" in str(error):
            return self.error_before_sending(
                self._certificate_required(), is_permanent=True
            )
        return self.error_after_sending(
            f"the connection to {self._route} broke ({_reason_of(error)})"
        )

    def error_before_sending(
        self, problem: str, *, is_permanent: bool = False
    ) -> TransportError:
        """Return the failure of a request that was never sent."""
        return TransportError(
            self.method,
            self.where,
            problem,
            may_have_happened=False,
            is_permanent=is_permanent,
        )

    def error_after_sending(
        self, problem: str, *, is_permanent: bool = False
    ) -> TransportError:
        """Return the failure of a request that was sent and may have had its effect."""
        return TransportError(
            self.method,
            self.where,
            problem,
            may_have_happened=True,
            is_permanent=is_permanent,
        )

    @property
    def _route(self) -> str:
        return f"{self.host} through the proxy {self.proxy}" if self.proxy else self.host

    def _connecting(self, error: aiohttp.ClientConnectorError) -> str:
        host = f"{error.host}:{error.port}"
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            return _certificate_problem(host, error.certificate_error)
        if isinstance(error, aiohttp.ClientConnectorDNSError):
            owner = "of the proxy " if self.proxy and error.host != _name(self.host) else ""
            return f"the name {owner}{error.host} cannot be resolved"
        if isinstance(error, aiohttp.ClientProxyConnectionError):
            return f"the proxy {host} cannot be reached ({_reason_of(error.os_error)})"
        if isinstance(error, aiohttp.ClientConnectorSSLError):
            return self._tls_problem(host, str(error.os_error))
        return f"{host} cannot be reached ({_reason_of(error.os_error)})"

    def _tls_problem(self, host: str, text: str) -> str:
        if "CERTIFICATE_REQUIRED" in text:
            return self._certificate_required()
        return f"no TLS connection to {host} ({_openssl_reason(text)})"

    def _certificate_required(self) -> str:
        return f"{self.host} requires a client certificate, which cannot be sent"

    def _refused_by_proxy(self, status: int) -> str:
        if status == 407:
            return (
                f"the proxy {self.proxy} requires a name and a password; put them into its "
                "address: http://NAME:PASSWORD@HOST:PORT"
            )
        return (
            f"the proxy {self.proxy} makes no connection to {self.host} (status {status})"
        )


def _speaks_plain_http(error: BaseException) -> bool:
    return isinstance(error, aiohttp.ClientConnectorSSLError) and any(
        reason in str(error.os_error)
        for reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER", "HTTP_")
    )


def _is_permanent(error: aiohttp.ClientConnectorError) -> bool:
    return isinstance(
        error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError
    )


def _certificate_problem(host: str, error: Exception) -> str:
    message = getattr(error, "verify_message", None) or str(error)
    problem = f"the certificate of {host} is not trusted ({message})"
    code = error.verify_code if isinstance(error, ssl.SSLCertVerificationError) else 0
    advice = _ADVICE_BY_CODE.get(code)
    return f"{problem}; {advice}" if advice is not None else problem


def _reason_of(error: BaseException) -> str:
    """Return the reason of an error; some errors of asyncio have no text."""
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "it was closed without a response"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the response ended too early"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, ConnectionError):
        return "it was closed"
    return str(error) or type(error).__name__


def _openssl_reason(text: str) -> str:
    # "[SSL: SSLV3_ALERT_HANDSHAKE_FAILURE] sslv3 alert handshake failure (_ssl.c:1016)"
    return text.partition("] ")[2].partition(" (_ssl")[0] or text


def _name(host: str) -> str | None:
    return urlsplit(f"//{host}").hostname
