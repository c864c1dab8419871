"""OpenAI's Responses language, and that of those who speak it too."""

from headworks.dialects.openai_responses.dialect import OpenAIResponses

__all__ = ["OpenAIResponses"]
