"""Who did what, for ever: a chain of sealed records that cannot be changed, cut or forked unseen."""

from headworks.stores.sql.audit.acts import Act, Acts
from headworks.stores.sql.audit.exporting import Exported, exported, signed_head
from headworks.stores.sql.audit.sealing import GENESIS, Seal, SignedHead
from headworks.stores.sql.audit.verifying import Verdict, verify

__all__ = ["GENESIS", "Act", "Acts", "Exported", "Seal", "SignedHead", "Verdict", "exported", "signed_head", "verify"]
