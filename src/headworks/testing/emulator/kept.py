"""What a provider keeps for an account: files and batches, in OpenAI's shape. A batch is done as soon as it is made."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from headworks.testing.emulator.forms import File
from headworks.testing.emulator.question import JsonObject, Rejection
from headworks.testing.emulator.request import Request

_JSON = "application/json"
_KINDS = {"files": "file", "batches": "batch"}
"""Place → what is there."""


class Told(NamedTuple):
    """An answer."""

    body: bytes
    content_type: str = _JSON


class Kept:
    """All that one account has, whoever asks with its key."""

    def __init__(self) -> None:
        self._things: dict[str, JsonObject] = {}
        self._contents: dict[str, bytes] = {}

    def knows(self, endpoint: str) -> bool:
        """Whether an endpoint is about what is kept."""
        return endpoint.split("/")[1] in _KINDS

    def answer(self, request: Request, stamp: str) -> Told:
        """Raises `Rejection`."""
        _, place, id_, action, *_ = f"{request.endpoint}///".split("/")
        if not id_:
            return self._all(place) if request.method == "GET" else self._made(place, request, stamp)
        thing = self._things.get(id_)
        if thing is None or thing["object"] != _KINDS.get(place):
            raise Rejection(404, "invalid_request_error", f"No such {place} object: {id_}", param="id")
        match request.method, action:
            case "GET", "content":
                return Told(self._contents[id_], "application/octet-stream")
            case "POST", "cancel":
                thing["status"] = "cancelled"
            case "DELETE", _:
                del self._things[id_]
                return _told({"id": id_, "object": thing["object"], "deleted": True})
            case _:
                pass
        return _told(thing)

    def _all(self, place: str) -> Told:
        listed = [thing for thing in self._things.values() if thing["object"] == _KINDS[place]]
        return _told({"object": "list", "data": listed})

    def _made(self, place: str, request: Request, stamp: str) -> Told:
        if place == "files":
            name, content = _uploaded(request)
            return _told(self._file(f"file-{stamp}", name, content))
        body = request.json()
        content = self._contents.get(body.get("input_file_id", ""))
        if content is None:
            raise Rejection(400, "invalid_request_error", f"No such file: {body.get('input_file_id')}", param="input_file_id")
        done = [{"custom_id": msgspec.json.decode(line)["custom_id"], "error": None} for line in content.splitlines()]
        output = self._file(f"file-out{stamp}", "output.jsonl", b"\n".join(map(msgspec.json.encode, done)))
        batch: JsonObject = {
            **{name: body.get(name) for name in ("endpoint", "input_file_id", "completion_window", "metadata")},
            "id": f"batch_{stamp}",
            "object": "batch",
            "status": "completed",
            "created_at": 1,
            "output_file_id": output["id"],
        }
        self._things[batch["id"]] = batch
        return _told(batch)

    def _file(self, id_: str, name: str, content: bytes) -> JsonObject:
        self._contents[id_] = content
        file = {"id": id_, "object": "file", "bytes": len(content), "created_at": 1, "filename": name, "purpose": "batch"}
        self._things[id_] = {**file, "status": "processed"}
        return self._things[id_]


def _uploaded(request: Request) -> tuple[str, bytes]:
    """Name and content of the file in a form. Raises `Rejection`."""
    file = request.content().get("file")
    if isinstance(file, File):
        return file.name, file.content
    raise Rejection(400, "invalid_request_error", "'file' is a required property", param="file")


def _told(thing: JsonObject) -> Told:
    return Told(msgspec.json.encode(thing))
