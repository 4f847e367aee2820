"""`make drift`: what differs on the cluster, without a change."""

import pytest

from tools import lifecycle
from tools.plan import Plan
from tools.stack import Stack


@pytest.mark.usefixtures("without_set_up")
@pytest.mark.parametrize(
    ("pulumi", "changes", "code"), [(0, False, 0), (0, True, 1), (255, False, 255)], ids=["same", "differs", "failed"]
)
def test_it_succeeds_only_if_nothing_differs(
    pulumi: int, changes: bool, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[tuple[str, ...]] = []

    def planned(_: Stack, *command: str) -> Plan:
        commands.append(command)
        return Plan(exit_code=pulumi, text="", losses=(), changes=changes)

    monkeypatch.setattr(Plan, "of", planned)
    assert lifecycle.drift(Stack("prod", "prod", named=False)) == code
    assert commands == [("preview", "--refresh")]
