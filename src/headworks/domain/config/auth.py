"""How credentials that change are obtained, as an operator writes it. What is left empty, the vendor's own library looks for."""

from __future__ import annotations

from headworks.domain.config.written import Written


class AwsAuth(Written, frozen=True, tag_field="type", tag="aws"):
    """Keys of AWS. Left empty: the environment, profiles, web identity, the container's or the instance's role, in botocore's order."""

    profile: str = ""
    """Of `~/.aws/config`."""
    access_key_id: str = ""
    secret_access_key: str = ""
    session_token: str = ""
    role_arn: str = ""
    """A role to assume with these."""
    region: str = ""
    """Where roles are assumed; left out, the provider's `location`."""

    def __repr__(self) -> str:
        return f"<AwsAuth {self.profile or self.role_arn or self.access_key_id or 'as found'}>"


class GoogleAuth(Written, frozen=True, tag_field="type", tag="google"):
    """Access tokens of Google Cloud. Left empty: the application default credentials."""

    file: str = ""
    """A service account's key, or a configuration of workload identity federation."""
    scopes: tuple[str, ...] = ("https://www.googleapis.com/auth/cloud-platform",)

    def __repr__(self) -> str:
        return f"<GoogleAuth {self.file or 'as found'}>"


class EntraAuth(Written, frozen=True, tag_field="type", tag="entra"):
    """Access tokens of Microsoft Entra ID. Without a secret: azure-identity's default search (environment, workload and managed identity)."""

    tenant: str = ""
    client_id: str = ""
    """An application's, with its secret; alone, a managed identity's."""
    client_secret: str = ""
    scope: str = ""
    """Left out, the catalogue's."""
    authority: str = ""
    """Another cloud's sign-in: `https://login.microsoftonline.us`."""

    def __repr__(self) -> str:
        return f"<EntraAuth {self.client_id or 'as found'}>"


class OAuthAuth(Written, frozen=True, tag_field="type", tag="oauth"):
    """Access tokens of any OAuth 2.0 server, by client credentials (RFC 6749, 4.4)."""

    token_url: str = ""
    client_id: str = ""
    client_secret: str = ""
    scope: str = ""
    audience: str = ""

    def __repr__(self) -> str:
        return f"<OAuthAuth {self.client_id} at {self.token_url}>"


AuthRule = AwsAuth | GoogleAuth | EntraAuth | OAuthAuth
