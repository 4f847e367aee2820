"""Which Service gets which loopback address."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_network

_LAST_OF_BLOCK = 254


@dataclass(frozen=True)
class Claim:
    """One Service's part in the allocation: the address it has and the one its spec asks for, if any."""

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
    """From `first` to the end of its block of 256: the next block belongs to another cluster."""
    block = ip_network(f"{first}/24", strict=False).network_address
    return [str(IPv4Address(number)) for number in range(int(IPv4Address(first)), int(block) + _LAST_OF_BLOCK + 1)]


def allocate(claims: Iterable[Claim], free: Sequence[str]) -> Allocation:
    """Gives every claim an address of its own: the one it holds, else the one it asks for, else the lowest free one.

    Holders come first, older Services before younger ones, so the result does not depend on the claims' order.
    """
    in_order = sorted(claims, key=lambda claim: (claim.created, claim.uid))
    taken: dict[str, Claim] = {}
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
            refusals[claim.uid] = f"spec.loadBalancerIP {claim.requested} is not in {free[0]} to {free[-1]}."
        elif (owner := taken.setdefault(claim.requested, claim)) is not claim:
            refusals[claim.uid] = f"spec.loadBalancerIP {claim.requested} belongs to Service {owner.name}."
    remaining = (address for address in free if address not in taken)
    for claim in in_order:
        if claim.uid in holders or claim.requested:
            continue
        if (address := next(remaining, None)) is None:
            refusals[claim.uid] = f"all addresses from {free[0]} to {free[-1]} are in use."
        else:
            taken[address] = claim
    return Allocation({claim.uid: address for address, claim in taken.items()}, refusals)
