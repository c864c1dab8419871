"""OpenAI's Realtime language: JSON events in WebSocket messages, both ways."""

from headworks.dialects.openai_realtime.handshake import ask
from headworks.dialects.openai_realtime.session import RealtimeSession

__all__ = ["RealtimeSession", "ask"]
