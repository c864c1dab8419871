"""The admin API within the control process: closed until the database has its tables, then open for as long as the process lives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from starlette.routing import BaseRoute, Route

from headworks.control.admin import login_page, setup, setup_page
from headworks.control.admin.app import AdminApi
from headworks.control.admin.office import Office
from headworks.control.admin.operations import OPERATIONS


class AdminDoor:
    """Made once per process."""

    def __init__(self, office: Office, address: str, say: Callable[[str], None]) -> None:
        """`address`: where the control plane is reached from this machine, as in `http://127.0.0.1:4456`."""
        self._office = office
        self._address = address
        self._say = say
        self._api = AdminApi(office, OPERATIONS, say)

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """What the control port serves besides."""
        return [Route(setup.PAGE, setup_page.show_page), Route(login_page.PAGE, login_page.show_page), *self._api.routes]

    async def run(self, prepare: Callable[[], Awaitable[None]]) -> None:
        """Open once `prepare` is through; say where the first administrator is made, where there is none; tell denials until cancelled."""
        await prepare()
        self._api.opened = True
        link = await setup.offer_setup(self._office)
        if link:
            self._say(f"nobody administers this installation yet. Within the hour, open {self._address}{link}")
        await self._office.denials.keep_telling()
