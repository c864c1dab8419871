"""The border: errors of sockets, names, TLS and HTTP become faults here and nowhere else.

A message says what happened, where, and what to do. It names an origin or a proxy by scheme, host and port only.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl

from headworks.domain.errors import Fault
from headworks.domain.target import Origin, Timeouts

_CERTIFICATE = {
    9: "its certificate is not valid yet; check the clocks of both machines",
    10: "its certificate has expired; the server's operator must renew it",
    18: "its certificate is self-signed; put it into a file and name that as tls.ca_file",
    19: "its certificate chain ends in a self-signed root that is not trusted here; name that root as tls.ca_file",
    20: "its certificate's issuer is not trusted here; install the system's ca-certificates or name the issuer as tls.ca_file",
    21: "its certificate could not be verified because the server sends no intermediate certificate; name it in tls.ca_file",
    23: "its certificate has been revoked; the server's operator must replace it",
    62: "its certificate is for another host name; correct the URL or set tls.server_name",
    64: "its certificate is not for this IP address; use the host name in the URL or set tls.server_name",
}
"""OpenSSL's X509_V_ERR numbers."""

_HANDSHAKE = {
    "WRONG_VERSION_NUMBER": "the server does not speak TLS on this port; use http:// or another port",
    "RECORD_LAYER_FAILURE": "the server does not speak TLS on this port; use http:// or another port",
    "HTTP_REQUEST": "the server does not speak TLS on this port; use http:// or another port",
    "UNSUPPORTED_PROTOCOL": "the server offers only outdated versions of TLS; it needs at least 1.2",
    "TLSV1_ALERT_PROTOCOL_VERSION": "the server offers only outdated versions of TLS; it needs at least 1.2",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "the server wants a client certificate; set tls.cert_file and tls.key_file",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "no common cipher, or the server wants a client certificate (tls.cert_file and tls.key_file)",
    "SSLV3_ALERT_BAD_CERTIFICATE": "the server does not accept our client certificate; check tls.cert_file",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "our client certificate has expired; renew tls.cert_file",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "the server does not accept our client certificate; check tls.cert_file",
    "TLSV1_ALERT_UNKNOWN_CA": "the server does not trust the issuer of our client certificate; check tls.cert_file",
    "TLSV1_UNRECOGNIZED_NAME": "the server knows no host of this name; correct the URL or set tls.server_name",
    "UNEXPECTED_EOF_WHILE_READING": "the server closed the connection during the handshake; check host and port",
    "KEY_VALUES_MISMATCH": "the key does not belong to the certificate",
}
"""OpenSSL's reason names."""


def dial_fault(error: Exception, where: str) -> Fault:
    """Why `where` (an origin, as scheme://host:port) could not be reached."""
    detail = describe(error)
    if isinstance(error, ssl.SSLError):
        return Fault("tls_failed", f"No secure connection to {where}: {tls_reason(error)}.", detail=detail)
    if isinstance(error, (socket.gaierror, UnicodeError)):
        return Fault(
            "name_unresolved",
            f"The host name of {where} can't be resolved. Check its spelling, and this machine's DNS.",
            detail=detail,
        )
    if isinstance(error, TimeoutError):
        return Fault(
            "connect_timeout",
            f"{where} did not accept a connection. Check that it is up and that no firewall drops the way to it.",
            detail=detail,
        )
    if isinstance(error, ConnectionRefusedError):
        return Fault(
            "connect_refused",
            f"Nothing listens at {where}. Check that the server runs, and the host and port of its URL.",
            detail=detail,
        )
    return Fault(
        "connect_refused",
        f"No connection to {where}: {detail}. Check the network of this machine, and the host and port of its URL.",
        detail=detail,
    )


def handshake_fault(error: Exception, where: str) -> Fault:
    """Why TLS with `where` failed; the TCP connection stood."""
    reason = tls_reason(error)
    return Fault("tls_failed", f"No secure connection to {where}: {reason}.", detail=describe(error))


def proxied(fault: Fault, proxy: str) -> Fault:
    """The same trouble, met on the way to the proxy."""
    return Fault("proxy_failed", f"The proxy {proxy} can't be used. {fault.message}", detail=fault.detail)


def connect_timeout(where: str, seconds: float) -> Fault:
    """No connection in time: TCP, proxy and TLS together."""
    return Fault(
        "connect_timeout",
        f"No connection to {where} within {seconds:g} s. Check that it is up and that no firewall drops the way to it, "
        "or raise timeouts.connect.",
    )


def pool_timeout(where: str, limit: int, waited: str) -> Fault:
    """No connection came free."""
    return Fault(
        "pool_timeout",
        f"No connection to {where} came free ({waited}; the limit is {limit}). Raise the provider's max_connections, or add a target.",
    )


def lost(where: str, error: Exception | None, *, begun: bool) -> Fault:
    """The connection ended before the answer did; `begun` says that its head had come."""
    if isinstance(error, ssl.SSLError) and not begun:
        return dial_fault(error, where)
    detail = describe(error) if error is not None else "closed by the server"
    if begun:
        return Fault("severed", f"{where} broke off its answer ({detail}). Asking again may help.", detail=detail)
    return Fault("upstream_reset", f"{where} closed the connection without an answer ({detail}).", detail=detail)


def deaf(where: str) -> Fault:
    """It says more and more, and takes nothing of what it is answered."""
    return Fault("severed", f"{where} takes nothing of what it is sent. Asking again may help.", detail="takes nothing")


def garbage(where: str, what: str) -> Fault:
    """The answer is not HTTP as it must be; `what` completes «its answer …»."""
    return Fault(
        "upstream_garbage",
        f"{where} does not answer in valid HTTP: {what}. Check that its URL is an HTTP API.",
        detail=what,
    )


def timed_out(code: str, where: str, timeouts: Timeouts) -> Fault:
    """A deadline of a request under way: `first_byte_timeout`, `idle_timeout` or `total_timeout`."""
    if code == "first_byte_timeout":
        text = f"{where} did not begin to answer within {timeouts.first_byte:g} s. Raise timeouts.first_byte if it may."
    elif code == "idle_timeout":
        text = f"{where} fell silent in the middle of its answer for {timeouts.idle:g} s. Raise timeouts.idle if it may."
    else:
        text = f"{where} did not finish its answer within {timeouts.total:g} s. Raise timeouts.total if it may."
    return Fault(code, text)


def draining() -> Fault:
    """The gateway is going down."""
    return Fault("draining", "The gateway is shutting down. Ask again: another instance will answer.")


def internal_error() -> Fault:
    """A receiver of ours has failed."""
    return Fault("internal_error", "The gateway could not take an upstream's answer. Try again; its log says why.")


def closed_at_once(origin: Origin) -> Fault:
    """A connection that was gone before it could be used."""
    return Fault(
        "connect_refused", f"{origin} accepts connections and closes them at once. Check that it is up, and its access rules."
    )


def tls_reason(error: Exception) -> str:
    """Why, and what to do: from OpenSSL's numbers and names, never from its prose."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _CERTIFICATE.get(error.verify_code, f"its certificate was refused ({error.verify_message})")
    if isinstance(error, ssl.SSLError):
        return _HANDSHAKE.get(error.reason or "", describe(error))
    if isinstance(error, ConnectionError):
        return _HANDSHAKE["UNEXPECTED_EOF_WHILE_READING"]
    return describe(error)


def describe(error: Exception) -> str:
    """An error in a few words that hold nothing private: OpenSSL's reason, the system's word for its number, or its class."""
    if isinstance(error, ssl.SSLError):
        return error.reason or type(error).__name__
    if isinstance(error, OSError) and error.errno is not None and error.errno in errno.errorcode:
        return os.strerror(error.errno)
    return type(error).__name__
