"""Job: an app that runs to its end, once per change or by a schedule."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.apps.workload.owner import Owner
from components.apps.workload.places import places
from components.apps.workload.template import PodsArgs, Template
from components.gateway.manifests import Wire
from diagnostics.problem import Path
from kube.merge import overlaid
from preview.recorder import declared_in_parts

# A new pod, so that the logs of the failed one can be read.
_POD: Wire = {"restartPolicy": "Never"}
_TRIES_AFTER_THE_FIRST = 3


@dataclass(frozen=True, kw_only=True)
class JobArgs(PodsArgs):
    schedule: str | None = None
    """When it runs, as https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ has it, in UTC. None: now,
    and again after each change."""
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Of the Job's spec, laid over what the program sets: `backoffLimit`, `activeDeadlineSeconds` and the like."""


class Job(pulumi.ComponentResource):
    """A Job, or with a schedule a CronJob, whose pods meet the *restricted* Pod Security Standard, and its settings.

    A Job is ready when it has succeeded; it fails after `timeout_s`. A change of it, of its settings or of a Secret
    that it uses runs it again.
    """

    def __init__(self, name: str, args: JobArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("synergychat:index:Job", name, None, opts)

        owner = Owner(name=name, namespace=args.namespace, component=self, timeout_s=args.timeout_s)
        template = Template.made(owner, args, of_container={}, of_pod=_POD)
        run = overlaid({"backoffLimit": _TRIES_AFTER_THE_FIRST, "template": template.wire}, args.fields)
        of_run: Path = ("spec",) if args.schedule is None else ("spec", "jobTemplate", "spec")
        parts = {of_run: "job"} if args.fields else {}

        with declared_in_parts({**parts, **places(args.settings, template.wire, (*of_run, "template"))}):
            if args.schedule is None:
                owner.object("batch/v1", "Job", "job", {"spec": run}, after=template.needed)
            else:
                spec = _by(args.schedule, run)
                owner.object("batch/v1", "CronJob", "cronjob", {"spec": spec}, after=template.needed)

        self.register_outputs({})


def _by(schedule: str, run: Wire) -> Wire:
    # One that takes longer than the pause is not joined by the next.
    return {
        "schedule": schedule,
        "timeZone": "Etc/UTC",
        "concurrencyPolicy": "Forbid",
        "jobTemplate": {"spec": run},
    }
