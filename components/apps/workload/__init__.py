"""Workloads: what runs in pods. Each file builds one part of them, from plain values to wire form."""

from components.apps.workload.backend import Backend
from components.apps.workload.job import Job, JobArgs
from components.apps.workload.workload import Workload, WorkloadArgs

__all__ = ["Backend", "Job", "JobArgs", "Workload", "WorkloadArgs"]
