"""Alerts by mail, to a server that speaks SMTP over a socket: what it hears, and what it may not."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest
from msgspec.structs import replace

from headworks.domain.alerts import BudgetAlert
from headworks.exporters.alerts import EmailRule, Mail, NotDelivered
from headworks.testing.certificates import self_signed
from tests.config.compiling import refusal
from tests.journal.writing import AT
from tests.ledger.mail_server import MailServer

ALERT = BudgetAlert(
    owner="team_1", owner_name="research", budget="monthly", period="month/2026-01-01", threshold=0.8,
    amount=10 * 10**9, spent=8_250_000_000, currency="USD", hard=True, at=AT,
)  # fmt: skip
PASSWORD = "a password of tests"


def rule(port: int, **more: str) -> EmailRule:
    return EmailRule(
        host="127.0.0.1",
        port=port,
        sender="gate@example.org",
        to=("ann@example.org", "bob@example.org"),
        **{"security": "none", **more},
    )


def test_all_receivers_get_one_message_and_names_make_no_headers() -> None:
    with MailServer() as server:
        Mail(rule(server.port)).deliver(replace(ALERT, owner_name="x\r\nBcc: evil@example.org"), AT)

    text = b"".join(server.heard)
    assert [line for line in server.heard if line.startswith(b"rcpt")] == [
        b"rcpt TO:<ann@example.org>\r\n",
        b"rcpt TO:<bob@example.org>\r\n",
    ]
    assert b"is at 82 %" in text
    assert b"\r\nBcc:" not in text.partition(b"\r\n\r\n")[0]
    assert text.count(b"data\r\n") == 1


def test_who_we_are_is_said_behind_tls_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = self_signed(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.cert))
    with MailServer(certificate) as server:
        Mail(rule(server.port, security="starttls", user="gate", password=PASSWORD)).deliver(ALERT, AT)

    said = b64encode(f"\0gate\0{PASSWORD}".encode())
    assert any(said in line for line in server.heard)
    assert [line.split()[0] for line in server.in_the_open] == [b"ehlo", b"STARTTLS"]


def test_a_server_whose_certificate_nobody_vouches_for_hears_nothing(tmp_path: Path) -> None:
    with MailServer(self_signed(tmp_path)) as server, pytest.raises(NotDelivered, match="SSLCertVerificationError") as told:
        Mail(rule(server.port, security="starttls", user="gate", password=PASSWORD)).deliver(ALERT, AT)

    assert [line.split()[0] for line in server.heard] == [b"ehlo", b"STARTTLS"]
    assert PASSWORD not in str(told.value)


@pytest.mark.parametrize(("word", "answer"), [(b"MAIL", b"451 later"), (b"RCPT", b"550 nobody"), (b"DATA", b"554 no")])
def test_a_message_that_is_not_taken_is_not_delivered(word: bytes, answer: bytes) -> None:
    with MailServer() as server:
        server.answers[word] = answer
        with pytest.raises(NotDelivered, match=r"email:127\.0\.0\.1:\d+: SMTP"):
            Mail(rule(server.port)).deliver(ALERT, AT)


@pytest.mark.parametrize(
    ("host", "security", "well"), [("mx.example", "none", False), ("mx.example", "tls", True), ("localhost", "none", True)]
)
def test_a_password_may_not_travel_in_the_open(host: str, security: str, *, well: bool) -> None:
    problem = refusal(
        "providers: {openai: {api_key: x}}\nmodels: {m: openai/gpt-4o}\nkeys: {me: {key: hw-1}}\n"
        f"alerts: {{email: {{host: {host}, sender: a@b.c, to: [d@e.f], user: u, password: p, security: {security}}}}}\n"
    )

    assert (problem is None) if well else ("travel in the open" in str(problem))
