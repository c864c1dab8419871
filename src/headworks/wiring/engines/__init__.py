"""Engines are asked how busy they are, as long as models are had from them."""

from headworks.wiring.engines.polls import EnginePolls

__all__ = ["EnginePolls"]
