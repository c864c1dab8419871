"""The vendors' libraries, which are installed only where they are used."""

from __future__ import annotations

from importlib.util import find_spec

from headworks.domain.config import AuthRule, AwsAuth, EntraAuth, GoogleAuth

_GOOGLE = ("google.auth", "requests")


def missing_extra(rule: AuthRule) -> str:
    """The extra of Headworks that a rule needs and that is not installed; empty where nothing is missing."""
    match rule:
        case AwsAuth() if not is_static(rule):
            return "" if _is_there("botocore") else "aws"
        case GoogleAuth():
            return "" if all(_is_there(name) for name in _GOOGLE) else "google"
        case EntraAuth():
            return "" if _is_there("azure.identity") else "azure"
        case _:
            return ""


def is_static(rule: AuthRule) -> bool:
    """Whether the rule is the credential itself."""
    return isinstance(rule, AwsAuth) and bool(rule.access_key_id) and not rule.role_arn


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # of the package around it
        return False
