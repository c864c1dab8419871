"""What an endpoint does, whatever language it does it in."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """The kinds of request."""

    CHAT = "chat"
    COMPLETIONS = "completions"
    EMBEDDINGS = "embeddings"
    RERANK = "rerank"
    MODERATIONS = "moderations"
    IMAGES = "images"
    IMAGE_EDITS = "image_edits"
    IMAGE_VARIATIONS = "image_variations"
    SPEECH = "speech"
    TRANSCRIPTIONS = "transcriptions"
    TRANSLATIONS = "translations"
    REALTIME = "realtime"
    PASSTHROUGH = "passthrough"
    COUNT_TOKENS = "count_tokens"
    FEEDBACK = "feedback"
    MODELS = "models"
    MODEL = "model"
    RESPONSE = "response"
    RESPONSE_ITEMS = "response_items"
    CANCEL_RESPONSE = "cancel_response"
    DELETE_RESPONSE = "delete_response"

    @property
    def endpoint(self) -> Kind:
        """By what name it is allowed: some are one endpoint to administrators."""
        return _TOGETHER.get(self, self)


BY_ID = frozenset((Kind.RESPONSE, Kind.RESPONSE_ITEMS, Kind.CANCEL_RESPONSE, Kind.DELETE_RESPONSE))
"""Kinds that are about a thing which was made before: the line names its id, and there is no body."""
HEARING = frozenset((Kind.TRANSCRIPTIONS, Kind.TRANSLATIONS))
"""Kinds that make text of sound: their requests are forms."""
UPLOADS: frozenset[Kind] = HEARING | {Kind.IMAGE_EDITS, Kind.IMAGE_VARIATIONS}
"""Kinds whose requests may be forms with files."""
DRAWING: frozenset[Kind] = frozenset((Kind.IMAGES, Kind.IMAGE_EDITS, Kind.IMAGE_VARIATIONS))
"""Kinds that make pictures."""
FREE = BY_ID | {Kind.COUNT_TOKENS}
"""Kinds that nobody bills tokens for."""
_TOGETHER = {Kind.MODEL: Kind.MODELS, **dict.fromkeys(BY_ID, Kind.RESPONSE)}
