"""Identity: what the state records of its stack, and the checks that depend on it.

The state has the UID of the cluster, an identifier of the stack, and the names of its objects. The engine compares them
at each run, so that a run which changes nothing asks the cluster one question only.
"""

import asyncio
import os
import uuid
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import pulumi

from diagnostics.exit import stop
from diagnostics.render import Located, render
from kube.kubeconfig import is_reachable
from kube.kubectl import Unanswered, kubectl
from kube.live_objects import cluster_uid, list_objects
from kube.manifest import Manifest, ObjectName
from kube.own_thread import in_own_thread
from kube.ownership import advice, another_cluster, none_on_cluster, not_owned


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The identity of a stack. Both values are known only after the checks."""

    context: pulumi.Output[str]
    stack: pulumi.Output[str]
    """The mark of the stack's objects: its full name, and an identifier that only this state has."""


class Refused(Exception):
    """The run would change another cluster, or objects that are not the stack's own."""


def create_identity(context: str, objects: Awaitable[Sequence[str]], adopt: Sequence[str]) -> Identity:
    """Record the identity of the stack. `objects` are the paths of all its objects.

    The program ends when `context` leads to another cluster than the recorded one. New objects that exist already must
    be the stack's own, or be named in `adopt`. A preview checks this only if the cluster answers.
    """
    # The program declares its objects meanwhile.
    live = in_own_thread(_cluster, context)
    checks = _Checks(context, adopt, live)
    on_dry_run = pulumi.ResourceHookOptions(on_dry_run=True)
    check = pulumi.ResourceHook("ownership", checks.new_objects, on_dry_run)
    # With a hook on deletion `pulumi destroy` refuses to run without the program, which checks the cluster.
    hooks = pulumi.ResourceHookBinding(
        before_create=[check], before_update=[check], before_delete=[pulumi.ResourceHook("cluster-check", _nothing)]
    )
    recorded = pulumi.Stash(
        "stack-identity",
        input={"id": str(uuid.uuid4()), "cluster": live, "objects": objects},
        # They stay as they were recorded first.
        opts=pulumi.ResourceOptions(ignore_changes=["input.id", "input.cluster"], hooks=hooks),
    )
    return Identity(
        context=pulumi.Output.all(recorded.output, live).apply(lambda values: checks.cluster(*values)),
        stack=recorded.output.apply(_stack_mark),
    )


class _Checks:
    """The checks of one run."""

    def __init__(self, context: str, adopt: Sequence[str], live: Awaitable[str | None]) -> None:
        self._context = context
        self._adopt = adopt
        self._live = live

    def cluster(self, recorded: Mapping[str, Any] | None, live: str | None) -> str:
        """The context. Ends the program when it leads to another cluster than the recorded one.

        Nothing is recorded in a `pulumi destroy` of an empty state, which creates nothing.
        """
        if problems := self._other_cluster(recorded or {}, live):
            stop(render(problems, pulumi.get_stack()))
        if recorded and live and not recorded.get("cluster"):
            pulumi.log.warn(
                "The state has no record of its cluster, which could not be read at the first update. Another cluster "
                "behind this context would not be noticed."
            )
        return self._context

    async def new_objects(self, args: pulumi.ResourceHookArgs) -> None:
        """Check the objects that the state does not have yet. Raises Refused, which ends the run."""
        new, old, live = _input(args.new_inputs), _input(args.old_inputs), await self._live
        # The check of the cluster comes too late here: it waits until the new names are recorded.
        if problems := self._other_cluster(old, live):
            _refuse(render(problems, pulumi.get_stack()))
        names = {ObjectName.from_path(path) for path in set(new["objects"]) - set(old.get("objects", ()))}
        run = kubectl(self._context) if live else None
        if run is None or not names:
            return
        # Before the first record the state is empty, or from a version of the program that did not record.
        state = {} if old else _names_by_uid(await _objects_in_state())
        known = set(state.values())
        try:
            found = await in_own_thread(list_objects, run, names | known)
        except Unanswered as error:
            _warn(str(error))
            return
        for reason in found.unanswered:
            _warn(reason)
        if problems := list(none_on_cluster(self._context, state, found.objects, _forget())):
            _refuse(render(problems, pulumi.get_stack()))
        mark = _mark(new["id"])
        if problems := list(not_owned(names, found.objects, stack=mark, state=known, adopt=self._adopt)):
            _refuse(render(problems, pulumi.get_stack(), advice(pulumi.get_stack())))

    def _other_cluster(self, recorded: Mapping[str, Any], live: str | None) -> list[Located]:
        before = recorded.get("cluster")
        if not before or not live or before == live:
            return []
        return [another_cluster(self._context, recorded=before, live=live, forget=_forget())]


def _refuse(message: str) -> NoReturn:
    """End the run from a hook, where the program must not end itself."""
    pulumi.log.error(message)
    raise Refused("see the problems of the stack")


def _cluster(context: str) -> str | None:
    """The UID of the cluster; None when it does not answer."""
    if pulumi.runtime.is_dry_run() and not is_reachable(context):
        return None
    run = kubectl(context)
    if run is None:
        _warn("there is no `kubectl` on the PATH")
        return None
    try:
        return cluster_uid(run)
    except Unanswered as error:
        _warn(str(error))
        return None


def _warn(reason: str) -> None:
    pulumi.log.warn(f"Whether the cluster and its objects belong to this stack could not be checked: {reason}")


async def _nothing(_: pulumi.ResourceHookArgs) -> None:
    """Do nothing: the check of the cluster has been made when the program runs."""


def _input(inputs: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return (inputs or {}).get("input", {})


async def _objects_in_state() -> list[Manifest]:
    """The Kubernetes objects in the state of this stack."""
    asking = pulumi.runtime.invoke_async("pulumi:pulumi:readStackResourceOutputs", {"stackName": _full_name()})
    found = await in_own_thread(asyncio.run, asking)
    resources: Mapping[str, Any] = found["outputs"]
    return [each["outputs"] for each in resources.values() if each["type"].startswith("kubernetes:")]


def _names_by_uid(manifests: Sequence[Manifest]) -> dict[str, ObjectName]:
    return {manifest["metadata"]["uid"]: ObjectName.declared(manifest) for manifest in manifests}


def _stack_mark(recorded: Mapping[str, Any] | None) -> str:
    return _mark((recorded or {}).get("id", ""))


def _mark(identifier: str) -> str:
    return f"{_full_name()}/{identifier}"


def _full_name() -> str:
    return f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"


def _forget() -> str:
    """How to empty the state, in the backend of this run."""
    backend = os.environ.get("PULUMI_BACKEND_URL", "")
    # Other addresses of backends may have a password.
    where = f"PULUMI_BACKEND_URL='{backend}' " if backend.startswith("file:") else ""
    # With a backend that is named, nothing chooses the empty passphrase, and Pulumi would ask for one.
    if file := os.environ.get("PULUMI_CONFIG_PASSPHRASE_FILE"):
        where += f"PULUMI_CONFIG_PASSPHRASE_FILE='{file}' "
    elif os.environ.get("PULUMI_CONFIG_PASSPHRASE") == "":
        where += "PULUMI_CONFIG_PASSPHRASE='' "
    return f"type: {where}pulumi state delete --all --force --stack {pulumi.get_stack()}"
