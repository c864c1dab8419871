"""A mail server to test against: as much of SMTP as a client of ours speaks, over a real socket."""

from __future__ import annotations

import socket
import ssl
import threading
from types import TracebackType
from typing import Self

from headworks.testing.certificates import Certificate


class MailServer:
    """Takes one message in each connection, within a `with`. With a certificate it offers STARTTLS, and logins only behind it."""

    def __init__(self, certificate: Certificate | None = None) -> None:
        self.in_the_open: list[bytes] = []
        """Lines that anybody on the way could read."""
        self.heard: list[bytes] = []
        """All lines."""
        self.answers = {b"DATA": b"354 go on", b"QUIT": b"221 bye", b"AUTH": b"235 in"}
        """Instead of 250, by the first word."""
        self._trust: ssl.SSLContext | None = None
        if certificate is not None:
            self._trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._trust.load_cert_chain(certificate.cert, certificate.key)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, trouble: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:  # it was closed
                return
            try:
                self._converse(connection)
            except OSError:  # a client that does not trust us hangs up
                continue
            finally:
                connection.close()

    def _converse(self, connection: socket.socket) -> None:
        connection.sendall(b"220 here\r\n")
        if self._talk(connection, self.in_the_open) and self._trust is not None:
            with self._trust.wrap_socket(connection, server_side=True) as secure:
                self._talk(secure, [])

    def _talk(self, connection: socket.socket, also: list[bytes]) -> bool:
        """Until the client goes. Whether it wants to go on in TLS."""
        data = False
        with connection.makefile("rb") as lines:
            for line in lines:
                self.heard.append(line)
                also.append(line)
                word = line.split(None, 1)[0].upper() if line.strip() else b""
                if data and line != b".\r\n":
                    continue
                if word == b"STARTTLS":
                    connection.sendall(b"220 go\r\n")
                    return True
                answer = self._answer(word, connection)
                data = answer.startswith(b"354")
                connection.sendall(answer + b"\r\n")
                if word == b"QUIT":
                    break
        return False

    def _answer(self, word: bytes, connection: socket.socket) -> bytes:
        if word == b"EHLO":
            offered = b"AUTH PLAIN" if isinstance(connection, ssl.SSLSocket) else b"STARTTLS"
            return b"250-here\r\n250 " + offered if self._trust is not None else b"250 here"
        return self.answers.get(word, b"250 fine")
