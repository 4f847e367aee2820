"""The provider plugin: the one in Pulumi's directory is the one of set-up, byte for byte."""

from pathlib import Path

import pytest

from local.toolchain import Tools
from tools.stack import _complete

NAME = "pulumi-resource-kubernetes"


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / NAME).write_text("works")
    return Tools({"pulumi-kubernetes": tmp_path / "tools"})


@pytest.mark.parametrize(("content", "complete"), [("works", True), ("w0rks", False), ("wor", False), (None, False)])
def test_a_plugin_is_complete_with_the_bytes_of_the_tool(
    tmp_path: Path, tools: Tools, content: str | None, complete: bool
) -> None:
    plugin = tmp_path / "plugins" / "resource-kubernetes"
    plugin.mkdir(parents=True)
    if content is not None:
        (plugin / NAME).write_text(content)
    assert _complete(plugin, tools) is complete
    plugin.with_name(f"{plugin.name}.partial").touch()
    assert not _complete(plugin, tools)
