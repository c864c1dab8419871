"""Where alerts go: webhooks (signed), Slack and what understands its messages, e-mail. Each waits; run them in a thread."""

from headworks.exporters.alerts.email import EmailRule, Mail
from headworks.exporters.alerts.webhook import Hook, HookRule, NotDelivered

__all__ = ["EmailRule", "Hook", "HookRule", "Mail", "NotDelivered"]
