"""Errors of Responses: the envelope is that of OpenAI's chat language; only streams say it in their own way."""

from __future__ import annotations

import json
import re

import msgspec

from headworks.dialects.openai_chat.faults import fault_in_answer, read_fault, write_fault
from headworks.dialects.sse import write_event
from headworks.domain.errors import Fault
from headworks.domain.message import JsonObject

__all__ = ["read_fault", "stated_fault", "write_fault", "write_fault_event"]

_TYPES = {"rate_limit_exceeded": "rate_limit_error", "server_error": "server_error", "server_is_overloaded": "overloaded_error"}
"""Codes of failed responses, and the types of errors that mean the same."""


_NUMBER = re.compile(rb'"sequence_number":\s*(\d{1,9})\b')


def stated_fault(wire: JsonObject, secrets: tuple[bytes, ...]) -> Fault:
    """What an `error` event, or a response that failed, says went wrong, without these secrets."""
    error = wire.get("error") or (wire.get("response") or {}).get("error") or wire
    said: JsonObject = dict(error) if isinstance(error, dict) else {"message": json.dumps(error)}
    code = said.get("code")
    said["type"] = _TYPES.get(code) if isinstance(code, str) else None
    fault = fault_in_answer({"error": said}, secrets)
    return fault or Fault("upstream_error", detail="The upstream says that it failed, and no more.")


def write_fault_event(fault: Fault, request_id: str, last: bytes = b"") -> bytes:
    """An `error` event, and the failed response that clients wait for, as the last events of a stream, numbered on from `last`.

    The former says it twice: as the specification has it, and in the envelope that OpenAI sends and its SDKs raise.
    """
    said = {"code": fault.code, "message": fault.message, "param": fault.param}
    numbers = _NUMBER.findall(last)
    number = int(numbers[-1]) + 1 if numbers else 0
    error: JsonObject = {"type": "error", **said, "error": {"type": fault.row.openai, **said}, "sequence_number": number}
    failed: JsonObject = {
        "type": "response.failed",
        "sequence_number": number + 1,
        "response": {
            "id": f"resp_{request_id}",
            "object": "response",
            "status": "failed",
            "error": {"code": fault.code, "message": fault.message},
            "output": [],
        },
    }
    return b"".join(write_event(msgspec.json.encode(wire), str(wire["type"])) for wire in (error, failed))
