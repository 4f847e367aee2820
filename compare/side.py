"""Side: one of the two plans that are compared, ready to be asked."""

from dataclasses import dataclass
from functools import cached_property

from checks.rules import problems
from diagnostics import Problem
from explain import Evaluator
from gatewayapi.fleets import Fleet, merging_class
from gatewayapi.topology import Topology
from kube.manifest import Manifest, ObjectName
from kube.read import NotKnown, read
from plans import Plan


@dataclass(frozen=True, eq=False)
class Side:
    """The objects of a plan, and what they do to requests."""

    plan: Plan

    @cached_property
    def problems(self) -> list[tuple[Manifest, Problem]]:
        """The problems between the objects."""
        return problems(self.plan.manifests, version=self.plan.envoy_gateway)

    @cached_property
    def evaluator(self) -> Evaluator:
        return Evaluator(self.plan.manifests, problems=self.problems)

    @property
    def topology(self) -> Topology:
        return self.evaluator.topology

    @cached_property
    def fleets(self) -> dict[str, Fleet]:
        """Envoys by the Gateway, or by the class of merged Gateways, that they belong to."""
        return {_fleet_name(self.topology, fleet): fleet for fleet in self.topology.fleets}


def _fleet_name(topology: Topology, fleet: Fleet) -> str:
    first = fleet.gateways[0]
    try:
        return merging_class(topology.objects, first) or str(ObjectName.of(first))
    except NotKnown:
        return str(read(first, "metadata", "name"))
