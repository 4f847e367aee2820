"""Job: an app that runs to its end, once per change or by a schedule."""

from dataclasses import dataclass, field

import pulumi

from components.apps.workload.scope import WorkloadScope
from components.apps.workload.template import PodsArgs, create_template
from config import Fields
from kube.manifest import Manifest
from kube.merge import merge
from preview.recorder import config_source

# A retry gets a new pod, so that the logs of the failed one stay readable.
_POD: Manifest = {"restartPolicy": "Never"}
_RETRIES = 3


@dataclass(frozen=True, kw_only=True)
class JobArgs(PodsArgs):
    schedule: str | None = None
    """Schedule in UTC, as in https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/. Without one the job
    runs now, and again after each change."""
    fields: Fields = field(default_factory=dict[str, object])
    """Fields of the Job's spec, merged over those of the program: `backoffLimit`, `activeDeadlineSeconds`."""


class Job(pulumi.ComponentResource):
    """A Job, or with a schedule a CronJob, whose pods meet the *restricted* Pod Security Standard, with its settings.

    A Job is ready when it has succeeded; it fails after `timeout_s`. A change of the Job, of its settings or of a
    Secret that it uses runs it again.
    """

    def __init__(self, name: str, args: JobArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("synergychat:index:Job", name, None, opts)

        scope = WorkloadScope(name=name, namespace=args.namespace, component=self, timeout_s=args.timeout_s)

        with config_source(args.settings.at()):
            template = create_template(scope, args, container_fields={}, pod_fields=_POD)
            spec = merge({"backoffLimit": _RETRIES, "template": template.manifest}, args.fields)
            if args.schedule is None:
                scope.create("batch/v1", "Job", "job", {"spec": spec}, after=template.needed)
            else:
                cron = _scheduled(args.schedule, spec)
                scope.create("batch/v1", "CronJob", "cronjob", {"spec": cron}, after=template.needed)

        self.register_outputs({})


def _scheduled(schedule: str, job: Manifest) -> Manifest:
    # A run that takes longer than the interval is not joined by the next one.
    return {
        "schedule": schedule,
        "timeZone": "Etc/UTC",
        "concurrencyPolicy": "Forbid",
        "jobTemplate": {"spec": job},
    }
