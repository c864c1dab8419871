"""`/v1/rerank`, in the shape that Cohere gave it and most others took over: what is asked → canonical, and a ranking → an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from headworks.dialects.bounds import MOST_PARTS
from headworks.dialects.fields import all_decoded
from headworks.dialects.openai_chat.estimate import estimate_input
from headworks.dialects.openai_chat.names import NAME
from headworks.dialects.unpacking import Unpacked
from headworks.domain.errors import Fault
from headworks.domain.message import JsonObject
from headworks.domain.ranking import RankingAnswer, RankingAsk

_DOCUMENTS = msgspec.json.Decoder(list[msgspec.Raw])


def estimate_tokens(query: bytes, documents: bytes) -> int:
    """Of undecoded fields: models read the question anew with every document. Raises `Fault` `invalid_request`."""
    try:
        count = len(_DOCUMENTS.decode(documents))
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _no_list() from None
    if count > MOST_PARTS:
        raise Fault("invalid_request", f"There are more than {MOST_PARTS:,} documents. Send fewer of them.", param="documents")
    return estimate_input(query) * count + estimate_input(documents)


def read_ask(raw: Mapping[str, Any]) -> RankingAsk:
    """The undecoded fields of a request as an ask. Raises `Fault`: `invalid_request`, `inexpressible` for documents without text."""
    fields = Unpacked(all_decoded(raw), "")
    documents = fields.rest.pop("documents", None)
    if not isinstance(documents, list) or not documents:
        raise _no_list()
    texts: list[str] = []
    beside: JsonObject = {}
    for place, document in enumerate(documents):
        text, more = _text(document, f"documents[{place}]")
        texts.append(text)
        beside.update(more)
    query, top = fields.text("query"), fields.whole_number("top_n")
    if query is None:
        raise Fault("invalid_request", "The field 'query' must be a string: what the documents should answer.", param="query")
    top = fields.whole_number("top_k") if top is None else top
    return RankingAsk(
        dialect=NAME,
        model=fields.word("model"),
        query=query,
        documents=tuple(texts),
        top=top,
        echo=bool(fields.flag("return_documents")),
        extra={**fields.rest, **beside},
    )


def write_answer(answer: RankingAnswer, wanted: RankingAsk) -> bytes:
    """The answer as Cohere's and Jina's clients read it."""
    usage = answer.usage
    return msgspec.json.encode(
        {
            "id": answer.id,
            "object": "list",
            "model": answer.model or wanted.model,
            "results": [
                {
                    "index": each.index,
                    "relevance_score": each.score,
                    **({"document": {"text": wanted.documents[each.index]}} if wanted.echo else {}),
                }
                for each in answer.results
            ],
            **({"meta": {"billed_units": {"search_units": usage.searches}}} if usage is not None and usage.searches else {}),
            **(
                {"usage": {"prompt_tokens": usage.input, "total_tokens": usage.input}}
                if usage is not None and usage.input
                else {}
            ),
        }
    )


def _text(document: Any, path: str) -> tuple[str, JsonObject]:
    """A document's text, and what else it holds, by its path."""
    if isinstance(document, str):
        return document, {}
    if isinstance(document, dict) and isinstance(document.get("text"), str):
        return document["text"], {f"{path}.{name}": value for name, value in document.items() if name != "text"}
    raise Fault(
        "inexpressible",
        f"{path} is neither text nor an object with a 'text': this model takes only these. Leave it out.",
        param=path,
    )


def _no_list() -> Fault:
    return Fault("invalid_request", "The field 'documents' must be a list of texts to put in order.", param="documents")
