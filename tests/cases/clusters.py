"""Examples of the problems of a cluster that answers, one per code, from `clusters.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from diagnostics.render import Located
from kube.live_objects import LiveObject
from kube.manifest import ObjectName
from kube.ownership import another_cluster, none_on_cluster, not_owned

_CONTEXT, _UID = "mine", "c1"
_FORGET = "type: pulumi state delete --all --force --stack dev"
_FILE = Path(__file__).with_suffix(".yaml")


@dataclass(frozen=True, kw_only=True)
class ClusterCase:
    """A cluster that is not the stack's, or has objects of others."""

    code: str
    recorded: str = _UID
    """The cluster in the state."""
    state: Mapping[str, str] = field(default_factory=dict[str, str])
    """UIDs of the objects in the state, by path."""
    live: Mapping[str, str] = field(default_factory=dict[str, str])
    """Marks of the objects on the cluster, by path."""

    def problems(self) -> list[Located]:
        """The problems that the program finds."""
        if self.recorded != _UID:
            return [another_cluster(_CONTEXT, recorded=self.recorded, live=_UID, forget=_FORGET)]
        names = {ObjectName.from_path(path): mark for path, mark in self.live.items()}
        live = [LiveObject(name=name, uid=f"of {name}", stack=mark) for name, mark in names.items()]
        state = {uid: ObjectName.from_path(path) for path, uid in self.state.items()}
        found = not_owned(names.keys(), live, stack="ours", state=set(state.values()), adopt=())
        return [*none_on_cluster(_CONTEXT, state, live, _FORGET), *found]


def load() -> list[ClusterCase]:
    """All examples, in the order of the file."""
    return [ClusterCase(code=code, **fields) for code, fields in yaml.safe_load(_FILE.read_text()).items()]
