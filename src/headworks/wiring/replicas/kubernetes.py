"""The ready endpoints of a Kubernetes service, by its EndpointSlices (discovery.k8s.io/v1), as a pod may read them.

The service account needs `get` and `list` on `endpointslices` of the namespace.
"""

from __future__ import annotations

import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import msgspec

from headworks.domain.config import KubernetesRule

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_SECONDS = 3.0
_LARGEST = 8 << 20


class _Conditions(msgspec.Struct):
    ready: bool | None = None
    """Left out, it is."""


class _Endpoint(msgspec.Struct):
    addresses: list[str]
    conditions: _Conditions = msgspec.field(default_factory=_Conditions)


class _Slice(msgspec.Struct, rename="camel"):
    address_type: str = "IPv4"
    endpoints: list[_Endpoint] | None = None


class _Slices(msgspec.Struct):
    items: list[_Slice]


def ask_cluster(rule: KubernetesRule, account: Path = ACCOUNT) -> list[str]:
    """Base URLs. Raises `LookupError` where the cluster refuses or nobody says where it is, `OSError` where it is not reached."""
    namespace = rule.namespace or _of_account(account, "namespace")
    wanted = urlencode({"labelSelector": f"kubernetes.io/service-name={rule.service}"})
    url = f"{_api(rule)}/apis/discovery.k8s.io/v1/namespaces/{quote(namespace, safe='')}/endpointslices?{wanted}"
    return [f"http://{host}:{rule.port}{rule.path}" for host in _hosts(_ask(url, account))]


def _hosts(slices: _Slices) -> Iterator[str]:
    for each in slices.items:
        for endpoint in each.endpoints or ():
            if endpoint.conditions.ready is not False:
                address = endpoint.addresses[0]  # the others are the same pod's
                yield f"[{address}]" if each.address_type == "IPv6" else address


def _ask(url: str, account: Path) -> _Slices:
    token = account / "token"
    headers = {"accept": "application/json"}
    if token.exists():  # read each time: it is replaced while we live
        headers["authorization"] = f"Bearer {token.read_text().strip()}"
    authority = account / "ca.crt"
    context = ssl.create_default_context(cafile=str(authority) if authority.exists() else None)
    try:
        request = urllib.request.Request(url, headers=headers)  # noqa: S310 - the operator's own cluster
        with urllib.request.urlopen(request, timeout=_SECONDS, context=context) as answer:  # noqa: S310 - likewise
            return msgspec.json.decode(answer.read(_LARGEST), type=_Slices)
    except urllib.error.HTTPError as refused:
        raise LookupError(
            f"the cluster answers {refused.code} to a list of endpointslices: may this account read them?"
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        raise LookupError(f"the cluster's answer is no list of endpointslices: {wrong}") from None


def _api(rule: KubernetesRule) -> str:
    if rule.api:
        return rule.api.rstrip("/")
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST", ""), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        raise LookupError("this is no pod of a cluster: name its API server (kubernetes.api)")
    return f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"


def _of_account(account: Path, name: str) -> str:
    try:
        return (account / name).read_text().strip()
    except OSError:
        raise LookupError("nobody says in which namespace: write kubernetes.namespace") from None
