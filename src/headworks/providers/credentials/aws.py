"""Keys of AWS, from wherever AWS's own tools find them."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from headworks.domain.config import AwsAuth
from headworks.providers.credentials.extras import is_static
from headworks.providers.credentials.held import Lease, Unobtainable
from headworks.providers.credentials.sources import Source
from headworks.providers.sigv4 import AwsKeys

_PATIENCE = 10.0
_NOTHING = "AWS knows of no credential here: no environment variables, no profile, no web identity, no role of a container or an instance."


def aws_source(rule: AwsAuth) -> Source:
    """Of the keys that are written, or those that botocore finds; in the role that is to be assumed."""
    if is_static(rule):
        return lambda: Lease(AwsKeys(rule.access_key_id, rule.secret_access_key, rule.session_token))
    return partial(_assumed if rule.role_arn else _found, rule)


def _session(rule: AwsAuth) -> Any:
    import botocore.session  # noqa: PLC0415 - 0.2 s, and an extra

    session = botocore.session.Session(profile=rule.profile or None)
    if rule.access_key_id:
        session.set_credentials(rule.access_key_id, rule.secret_access_key, rule.session_token or None)
    return session


def _found(rule: AwsAuth) -> Lease:
    found = _session(rule).get_credentials()
    if found is None:
        raise Unobtainable(_NOTHING)
    keys = found.get_frozen_credentials()
    ends: datetime | None = getattr(found, "_expiry_time", None)  # botocore tells it nowhere else
    return Lease(AwsKeys(keys.access_key, keys.secret_key, keys.token or ""), ends.timestamp() if ends is not None else None)


def _assumed(rule: AwsAuth) -> Lease:
    from botocore.config import Config  # noqa: PLC0415 - as above

    patient = Config(connect_timeout=_PATIENCE, read_timeout=_PATIENCE, retries={"total_max_attempts": 1})
    sts = _session(rule).create_client("sts", region_name=rule.region or None, config=patient)
    given = sts.assume_role(RoleArn=rule.role_arn, RoleSessionName="headworks")["Credentials"]
    keys = AwsKeys(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    return Lease(keys, given["Expiration"].timestamp())
