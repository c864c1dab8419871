"""Rules over the facts of a request, in the Common Expression Language."""

from headworks.policies.book import PolicyBook
from headworks.policies.language import Expression, Mistaken, compiled

__all__ = ["Expression", "Mistaken", "PolicyBook", "compiled"]
