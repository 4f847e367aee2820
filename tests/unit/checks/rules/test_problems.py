"""Problems as a whole: the object that each belongs to, their number, and the words that help to fix them."""

import yaml

from checks.rules import problems
from local.paths import REPOSITORY
from tests.cases.builders import SHOP, backend, gateway, namespace, path, policy, route, rule, service, target
from tests.cases.case import VERSION
from tests.unit.checks.rules.found import found, found_in_chat, only_problem


def test_the_dev_stack_has_no_problem() -> None:
    golden = yaml.safe_load((REPOSITORY / "tests/unit/golden/dev.yaml").read_text())
    objects = [resource["inputs"] for resource in golden["stack"].values() if "kind" in resource.get("inputs", {})]
    routes = [manifest for manifest in objects if manifest["kind"] == "HTTPRoute"]
    assert len(routes) == 2
    assert found(*objects) == []
    routes[0]["spec"]["rules"][0]["backendRefs"][0]["port"] = 81
    name = routes[0]["metadata"]["name"]
    assert found(*objects) == [("service-port-missing", f"HTTPRoute {name}", "spec.rules[0].backendRefs[0].port")]


def test_a_problem_comes_with_the_object_to_change() -> None:
    bad = route(parents=[{"name": "gate", "port": 1}])
    ((manifest, problem),) = problems([namespace(), gateway(), service(), bad], version=VERSION)
    assert manifest is bad
    assert (problem.code, problem.path) == ("listener-port-missing", ("spec", "parentRefs", 0, "port"))


def test_all_problems_of_an_object_are_found_at_once() -> None:
    bad = route(rule(backend("a")), rule(backend("b"), matches=[path("/b")]), parents=[{"name": "gat"}])
    assert found_in_chat(gateway(), service(), bad) == [
        ("reference-missing", "HTTPRoute web", "spec.rules[0].backendRefs[0].name"),
        ("reference-missing", "HTTPRoute web", "spec.rules[1].backendRefs[0].name"),
        ("reference-missing", "HTTPRoute web", "spec.parentRefs[0].name"),
    ]


def test_a_missing_object_comes_with_the_name_that_was_meant() -> None:
    problem = only_problem(gateway(), service("web-service"), route(rule(backend("web-servce"))))
    assert (problem.code, problem.field) == ("reference-missing", "spec.rules[0].backendRefs[0].name")
    assert problem.value == "web-servce"
    assert problem.words == {"target": "Service chat/web-servce", "suggestion": "did you mean web-service?"}


def test_a_missing_port_comes_with_the_ports_of_the_service() -> None:
    problem = only_problem(gateway(), service("web", 8080), route())
    assert (problem.code, problem.field) == ("service-port-missing", "spec.rules[0].backendRefs[0].port")
    assert problem.value == 80
    assert problem.words["service"] == "Service chat/web"
    assert problem.rule.endswith("; its TCP ports are 8080 (port-8080)")


def test_a_missing_listener_comes_with_the_listeners_of_the_gateway() -> None:
    problem = only_problem(gateway(), service(), route(parents=[{"name": "gate", "sectionName": "web"}]))
    assert (problem.code, problem.field) == ("listener-missing", "spec.parentRefs[0].sectionName")
    assert problem.value == "web"
    assert problem.words == {"parent": "Gateway chat/gate", "suggestion": "known: http"}


def test_a_missing_grant_comes_with_what_it_must_say() -> None:
    shop = (namespace(SHOP), service(namespace=SHOP))
    problem = only_problem(*shop, gateway(), route(rule(backend(namespace=SHOP))))
    assert (problem.code, problem.field) == ("reference-not-permitted", "spec.rules[0].backendRefs[0].namespace")
    assert problem.fix == "declare a ReferenceGrant in namespace shop, from HTTPRoute in chat to Service"


def test_a_conflict_names_the_other_policy() -> None:
    one, other = (policy("SecurityPolicy", name, target("HTTPRoute", "web")) for name in ("a", "b"))
    problem = only_problem(gateway(), service(), route(), one, other)
    assert (problem.code, problem.words["other"]) == ("policy-conflict", "SecurityPolicy chat/a")


def test_a_limit_comes_with_a_value_that_is_allowed() -> None:
    hashed = {"type": "ConsistentHash", "consistentHash": {"type": "SourceIP", "tableSize": 1000}}
    table = policy("BackendTrafficPolicy", "table", target("Gateway", "gate"), loadBalancer=hashed)
    problem = only_problem(gateway(), table)
    assert (problem.code, problem.value, problem.words["prime"]) == ("limit-not-prime", 1000, "1009")
    trickle = {"response": {"limit": {"value": "1Ki", "unit": "Minute"}}}
    slow = policy("BackendTrafficPolicy", "slow", target("Gateway", "gate"), bandwidthLimit=trickle)
    problem = only_problem(gateway(), slow)
    assert (problem.code, problem.words["least"]) == ("limit-bandwidth-too-low", "61440")
    assert problem.words["unit"] == "minute"
