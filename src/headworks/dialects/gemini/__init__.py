"""Google's Gemini language (Gemini API and Vertex AI), as client's and as upstream's. `dialect.Gemini` is the door; nothing else is public."""

from headworks.dialects.gemini.dialect import Gemini

__all__ = ["Gemini"]
