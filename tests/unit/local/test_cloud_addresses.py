from local.cluster.cloud.addresses import AddressClaim, allocate, pool

POOL = pool("127.0.0.1")[:3]


def claim(uid: str, held: str | None = None, requested: str | None = None, created: str = "2026-01-01") -> AddressClaim:
    return AddressClaim(uid=uid, name=f"default/{uid}", created=created, held=held, requested=requested)


def test_the_pool_ends_with_its_block_of_256_as_the_next_one_belongs_to_another_cluster() -> None:
    addresses = pool("127.0.1.1")
    assert (addresses[0], addresses[-1], len(addresses)) == ("127.0.1.1", "127.0.1.254", 254)


def test_older_services_get_lower_addresses_in_any_order_of_claims() -> None:
    claims = [claim("a-young-one", created="2026-01-02"), claim("old")]
    assert allocate(claims, POOL).addresses == {"old": "127.0.0.1", "a-young-one": "127.0.0.2"}


def test_a_held_address_is_kept_and_a_free_one_is_reused() -> None:
    claims = [claim("new", created="2026-01-02"), claim("holder", held="127.0.0.2")]
    assert allocate(claims, POOL).addresses == {"holder": "127.0.0.2", "new": "127.0.0.1"}


def test_two_services_never_share_an_address_even_if_both_claim_to_hold_it() -> None:
    claims = [claim("second", held="127.0.0.1", created="2026-01-02"), claim("first", held="127.0.0.1")]
    assert allocate(claims, POOL).addresses == {"first": "127.0.0.1", "second": "127.0.0.2"}


def test_an_address_outside_the_pool_is_replaced() -> None:
    assert allocate([claim("moved", held="10.0.0.7")], POOL).addresses == {"moved": "127.0.0.1"}


def test_a_requested_address_goes_before_services_without_a_request() -> None:
    claims = [claim("plain"), claim("asks", requested="127.0.0.1", created="2026-01-02")]
    assert allocate(claims, POOL).addresses == {"asks": "127.0.0.1", "plain": "127.0.0.2"}


def test_a_request_replaces_the_address_that_a_service_holds() -> None:
    assert allocate([claim("asks", held="127.0.0.1", requested="127.0.0.3")], POOL).addresses == {"asks": "127.0.0.3"}


def test_a_request_for_an_address_in_use_is_refused_and_names_the_owner() -> None:
    allocation = allocate([claim("holder", held="127.0.0.1"), claim("asks", requested="127.0.0.1")], POOL)
    assert allocation.addresses == {"holder": "127.0.0.1"}
    assert set(allocation.refusals) == {"asks"}
    assert allocation.refusals["asks"].startswith("spec.loadBalancerIP 127.0.0.1 is in use by Service default/holder.")


def test_a_request_outside_the_pool_is_refused_with_the_range() -> None:
    refusals = allocate([claim("asks", requested="192.168.1.1")], POOL).refusals
    assert refusals["asks"].splitlines() == [
        "spec.loadBalancerIP 192.168.1.1 is outside 127.0.0.1 to 127.0.0.3.",
        "  Set an address of that range, or remove spec.loadBalancerIP.",
    ]


def test_a_service_without_a_free_address_is_refused_and_the_others_keep_theirs() -> None:
    allocation = allocate([claim(uid) for uid in "abcd"], POOL)
    assert allocation.addresses == {"a": "127.0.0.1", "b": "127.0.0.2", "c": "127.0.0.3"}
    assert set(allocation.refusals) == {"d"}
    assert allocation.refusals["d"].startswith("All addresses from 127.0.0.1 to 127.0.0.3 are in use.")
