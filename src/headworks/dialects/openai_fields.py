"""Fields that OpenAI's languages, chat and Responses, have in common: they cross between them as they are."""

from __future__ import annotations

from hashlib import sha256

from headworks.domain.message import Conversation, Downgrade, JsonObject

SHARING = frozenset(("openai_chat", "openai_responses"))
_SHARED = ("service_tier", "store", "safety_identifier", "prompt_cache_key", "prompt_cache_retention")


NO_REST = "left out: a model that thinks unasked does so here, because not all of OpenAI's can be told not to"


_LONGEST_USER = 64
"""Characters of `user` that OpenAI takes."""


def write_user(user: str, lost: list[Downgrade]) -> str:
    """Who asks, in another language's words. A longer one stays the same for the same user."""
    if len(user) <= _LONGEST_USER:
        return user
    lost.append(Downgrade("user", f"said as its SHA-256: OpenAI takes {_LONGEST_USER} characters"))
    return sha256(user.encode()).hexdigest()


def shared_fields(talk: Conversation) -> JsonObject:
    """What a conversation of the one language asks for by fields that the other has too."""
    if talk.dialect not in SHARING:
        return {}
    said = {name: talk.extra[name] for name in _SHARED if talk.extra.get(name) is not None}
    return {**said, "metadata": talk.metadata} if talk.metadata else said
