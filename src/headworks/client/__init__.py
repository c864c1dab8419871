"""A typed client of the admin API, on the standard library and msgspec.

    from headworks.client import Client

    with Client("http://127.0.0.1:4456", token) as admin:
        made = admin.keys.create(owner=team.id, name="app", bounds=BoundsBody(models=("gpt-*",)))
        print(made.secret)

One client per thread. Answers are the structs of `headworks.domain.administration.wire`; what goes wrong is a `Refused`.
"""

from headworks.client.client import Client
from headworks.client.wire import Refused, Unreachable

__all__ = ["Client", "Refused", "Unreachable"]
