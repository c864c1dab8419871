"""Who calls: keys, their digests, tokens of other issuers, and the directory that knows who holds them."""

from headworks.identity.directory import Directory
from headworks.identity.foreign_ids import PepperedForeignIds
from headworks.identity.introductions import Introductions
from headworks.identity.keys import Digests, make_key, prefix_of
from headworks.identity.pepper import Pepper, PepperRefused, peppers_of
from headworks.identity.principals import Compiler
from headworks.identity.references import PepperedReferences
from headworks.identity.resolved import Fetch

__all__ = [
    "Compiler",
    "Digests",
    "Directory",
    "Fetch",
    "Introductions",
    "Pepper",
    "PepperRefused",
    "PepperedForeignIds",
    "PepperedReferences",
    "make_key",
    "peppers_of",
    "prefix_of",
]
