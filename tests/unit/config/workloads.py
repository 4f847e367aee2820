"""Configs with keys of a workload, of the chat or beside it."""

from collections.abc import Mapping
from typing import Any

import pytest

SHOP = {"image": "registry.example.com/shop:1"}
"""An extra app with only the required keys."""
SECRETS = {"keys": {"token": "hunter2"}}

of_every_workload = pytest.mark.parametrize("workload", ["web", "apps.shop"])
"""Run a test for a workload of the chat and for an extra app."""


def config_of(workload: str, keys: Mapping[str, Any]) -> dict[str, Any]:
    """A config in which a workload has these keys and may refer to `SECRETS`."""
    workloads = {"web": keys} if workload == "web" else {"apps": {"shop": {**SHOP, **keys}}}
    return {**workloads, "secrets": SECRETS}
