"""Workloads: what runs in pods. Each file builds one part of them, from plain values to wire form."""

from components.workload.backend import Backend
from components.workload.job import Job, JobArgs
from components.workload.workload import Workload, WorkloadArgs

__all__ = ["Backend", "Job", "JobArgs", "Workload", "WorkloadArgs"]
