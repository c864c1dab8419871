"""Where a bench happens: a scratch folder, the emulated providers behind every contender, a certificate for the TLS rows."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from headworks.testing.certificates import Certificate, self_signed
from headworks.testing.emulator import Canned, EmulatorProcess, Personality, Settings

TARGETS = 3


class Site:
    """Entered once per bench. `plain` and `secure` are host:port of the providers without and with TLS."""

    def __init__(self, *, chunks: int = 200, interval: float = 0.02) -> None:
        self._canned = Canned(chunks=chunks, interval=interval)
        self._stack = ExitStack()
        self.chunks = chunks

    def __enter__(self) -> Self:
        self.folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="headworks-bench-")))
        self.certificate: Certificate = self_signed(self.folder)
        cert, key = str(self.certificate.cert), str(self.certificate.key)
        plain = [Personality(name=f"plain{number}", port=0, canned=self._canned) for number in range(TARGETS)]
        secure = [
            Personality(name=f"secure{number}", port=0, canned=self._canned, cert_file=cert, key_file=key)
            for number in range(TARGETS)
        ]
        self.emulator = self._stack.enter_context(EmulatorProcess(settings=Settings(providers=(*plain, *secure), remember=0)))
        self.plain = [urlsplit(self.emulator.urls[one.name]).netloc for one in plain]
        self.secure = [urlsplit(self.emulator.urls[one.name]).netloc for one in secure]
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()
