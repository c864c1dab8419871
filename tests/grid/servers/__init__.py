"""A fake server for each language of upstreams: written from the providers' documentation, and apart from the gateway's own writers."""

from __future__ import annotations

from tests.grid.answers import Server
from tests.grid.servers.anthropic import Anthropic, AnthropicOnBedrock
from tests.grid.servers.bedrock import Bedrock
from tests.grid.servers.cohere import Cohere
from tests.grid.servers.gemini import Gemini
from tests.grid.servers.ollama import Ollama
from tests.grid.servers.openai_chat import OpenAIChat
from tests.grid.servers.openai_responses import OpenAIResponses

ALL: tuple[Server, ...] = (
    OpenAIChat(),
    OpenAIResponses(),
    Anthropic(),
    AnthropicOnBedrock(),
    Gemini(),
    Bedrock(),
    Cohere(),
    Ollama(),
)
