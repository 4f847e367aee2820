"""Workloads: everything that runs in pods. Each file builds one part of their manifests from plain values."""

from components.apps.workload.job import Job, JobArgs
from components.apps.workload.workload import Workload, WorkloadArgs

__all__ = ["Job", "JobArgs", "Workload", "WorkloadArgs"]
