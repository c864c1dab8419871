"""What the control plane tells of bounds that were written, the command line tells on standard error."""

from __future__ import annotations

import pytest

from headworks.cli.telling import warn
from headworks.domain.administration.wire.bounds import BoundsBody
from headworks.domain.administration.wire.problem import Mistake


def test_warnings_go_to_standard_error_with_their_place(capsys: pytest.CaptureFixture[str]) -> None:
    warn(BoundsBody(warnings=(Mistake(detail="No model fits.", pointer="/models/0"), Mistake(detail="It is disabled."))))
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "headworks: warning: No model fits. (/models/0)\nheadworks: warning: It is disabled.\n"
