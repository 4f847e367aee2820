"""Allocation of loopback addresses to Services."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_network

_LAST_OF_BLOCK = 254


@dataclass(frozen=True)
class AddressClaim:
    """One Service that needs an address: `held` is the one it has, `requested` the one its spec asks for."""

    uid: str
    name: str
    created: str
    held: str | None = None
    requested: str | None = None


@dataclass(frozen=True)
class Allocation:
    """`addresses` by Service uid; `refusals` has the reason for each Service that got none."""

    addresses: Mapping[str, str]
    refusals: Mapping[str, str]


def pool(first: str) -> Sequence[str]:
    """List the addresses from `first` to the end of its block of 256. The next block belongs to another cluster."""
    block = ip_network(f"{first}/24", strict=False).network_address
    return [str(IPv4Address(number)) for number in range(int(IPv4Address(first)), int(block) + _LAST_OF_BLOCK + 1)]


def allocate(claims: Iterable[AddressClaim], free: Sequence[str]) -> Allocation:
    """Give every claim its own address: the one it holds, else the one it requests, else the lowest free one.

    Holders come first, then older Services before younger ones. The result does not depend on the order of `claims`.
    """
    in_order = sorted(claims, key=lambda claim: (claim.created, claim.uid))
    taken: dict[str, AddressClaim] = {}
    refusals: dict[str, str] = {}
    for claim in in_order:
        keeps = claim.held in free and claim.requested in (None, claim.held)
        if keeps and claim.held is not None:
            taken.setdefault(claim.held, claim)
    holders = {claim.uid for claim in taken.values()}
    for claim in in_order:
        if claim.uid in holders or not claim.requested:
            continue
        if claim.requested not in free:
            refusals[claim.uid] = (
                f"spec.loadBalancerIP {claim.requested} is outside {free[0]} to {free[-1]}.\n"
                "  Set an address of that range, or remove spec.loadBalancerIP."
            )
        elif (owner := taken.setdefault(claim.requested, claim)) is not claim:
            refusals[claim.uid] = (
                f"spec.loadBalancerIP {claim.requested} is in use by Service {owner.name}.\n"
                "  Set another address, or remove spec.loadBalancerIP."
            )
    remaining = (address for address in free if address not in taken)
    for claim in in_order:
        if claim.uid in holders or claim.requested:
            continue
        if (address := next(remaining, None)) is None:
            refusals[claim.uid] = (
                f"All addresses from {free[0]} to {free[-1]} are in use.\n"
                "  Delete a Service of type LoadBalancer; this one then gets its address."
            )
        else:
            taken[address] = claim
    return Allocation({claim.uid: address for address, claim in taken.items()}, refusals)
