"""Fields that OpenAI's languages, chat and Responses, have in common: they cross between them as they are."""

from __future__ import annotations

from headworks.domain.message import Conversation, JsonObject

SHARING = frozenset(("openai_chat", "openai_responses"))
_SHARED = ("service_tier", "store", "safety_identifier", "prompt_cache_key", "prompt_cache_retention")


NO_REST = "left out: a model that thinks unasked does so here, because not all of OpenAI's can be told not to"


def shared_fields(talk: Conversation) -> JsonObject:
    """What a conversation of the one language asks for by fields that the other has too."""
    if talk.dialect not in SHARING:
        return {}
    said = {name: talk.extra[name] for name in _SHARED if talk.extra.get(name) is not None}
    return {**said, "metadata": talk.metadata} if talk.metadata else said
