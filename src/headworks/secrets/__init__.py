"""Provider credentials at rest, under envelope encryption: each under a key of its own, that one wrapped under the master key."""

from headworks.secrets.envelope import Envelope, Secret, SecretUnreadable
from headworks.secrets.master import LocalMaster, masters_of
from headworks.secrets.names import NameSeals
from headworks.secrets.refusal import MasterRefused, MasterUnavailable
from headworks.secrets.transit import TransitMaster
from headworks.secrets.vault import Vault

__all__ = [
    "Envelope",
    "LocalMaster",
    "MasterRefused",
    "MasterUnavailable",
    "NameSeals",
    "Secret",
    "SecretUnreadable",
    "TransitMaster",
    "Vault",
    "masters_of",
]
