"""Refusals: why the API server did not take an object, from the text of its error.

The cluster has no object with a status then, so the provider's error is all there is.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from diagnostics.terminal import printable
from health import pods
from health.failure import Failure
from health.fixes import fix
from health.kinds import Object
from kube.kubectl import Kubectl, Unanswered, ask

_QUOTA = re.compile(r"(?:exceeded|failed) quota: [^\n]+")
# https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
_WEBHOOK = re.compile(
    r"(?:failed calling (?P<webhook>webhook \"[^\"\s]+\")|(?P<conversion>conversion webhook) for [^\n]*? failed): "
    r"(?:failed to call webhook: )?"
    r"(?:\w+ \"?https://(?P<service>[a-z0-9-]+)\.(?P<namespace>[a-z0-9-]+)\.svc[^\"\s]*\"?: )?(?P<reason>[^\n]+)"
)
_NO_NAMESPACE = re.compile(r'namespaces "(?P<name>[a-z0-9-]+)" not found')
# https://github.com/kubernetes/apimachinery/blob/master/pkg/api/validation/objectmeta.go (FieldImmutableErrorMsg), and
# the texts of kinds that have their own.
_IMMUTABLE = re.compile(
    r"(?P<kind>[A-Z]\w+(?:\.[a-z0-9.-]+)?) \"(?P<name>[^\"\s]+)\" is invalid: (?P<fields>[^\n]*?)"
    r"(?:is immutable|cannot change roleRef|may not change once set|updates to \w+ spec)"
)
_FIELD = re.compile(r"([\w.\[\]]+): (?:Invalid value|Forbidden): ")
_UNREACHED = re.compile(
    r"dial tcp|timeout|deadline exceeded|connection reset|EOF|no endpoints|service \S+ not found", re.I
)
"""Reasons for which the pods of a webhook matter. A webhook with a bad certificate, for example, runs."""


class Service(NamedTuple):
    namespace: str
    name: str


class Refusal(NamedTuple):
    """Lines with the cause and the likely fix, none for an error of any other kind.

    `service` is that of a webhook that the API server did not reach.
    """

    lines: list[str]
    service: Service | None


def explain(error: str, namespace: str, typed: str) -> Refusal:
    """Why the API server refused an object of this namespace. `typed` is the text to type for kubectl."""
    lines: list[str] = []
    service = None
    if quota := _QUOTA.search(error):
        failure = Failure("", quota[0])
        lines += [str(failure), f"-> {fix(failure, namespace, typed)}"]
    if absent := _NO_NAMESPACE.search(error):
        lines.append(f"the namespace {absent['name']} does not exist")
        lines.append("-> Was it deleted by hand, or by a destroy that did not end? pulumi up --refresh")
    if fixed := _IMMUTABLE.search(error):
        place = f" -n {namespace}" if namespace else ""
        field = [found.lstrip("[") for found in _FIELD.findall(fixed["fields"])][-1:]
        lines.append(f"it exists, and its {''.join(field) or 'content'} cannot be changed to what the stack declares")
        lines.append(
            "-> If it may be deleted, with all that it runs or holds, the stack creates its own: "
            f"{typed} delete {fixed['kind'].lower()} {fixed['name']}{place}, then pulumi up --refresh"
        )
    if call := _WEBHOOK.search(error):
        webhook, reason = (call["webhook"] or call["conversion"]).replace('"', ""), call["reason"].strip()
        lines.append(f"the call of the {webhook} failed: {reason}")
        if call["service"] and _UNREACHED.search(reason):
            service = Service(call["namespace"], call["service"])
    return Refusal([printable(line) for line in lines], service)


def behind(service: Service, kubectl: Kubectl, typed: str) -> list[str]:
    """Lines about the pods of a webhook's Service, and what to type."""
    return [printable(line) for line in _behind(*service, kubectl, typed)]


def _behind(namespace: str, service: str, kubectl: Kubectl, typed: str) -> Iterator[str]:
    where = f"the Service {service} of {namespace}"
    in_namespace = ("--namespace", namespace, "--output", "json")
    try:
        selector: dict[str, str] = json.loads(ask(kubectl, "get", "service", service, *in_namespace))["spec"][
            "selector"
        ]
        labels = ",".join(f"{key}={value}" for key, value in selector.items())
        found: list[Object] = json.loads(ask(kubectl, "get", "pods", "--selector", labels, *in_namespace))["items"]
        owners: list[Object] = json.loads(ask(kubectl, "get", "deployments", *in_namespace))["items"]
    except Unanswered as error:
        yield f"{where} could not be read: {error}"
        return
    except KeyError:
        yield f"{where} selects no pods"
        return
    if found:
        names = ", ".join(pod["metadata"]["name"] for pod in found)
        yield f"{where} has these pods: {names}"
        yield from (str(failure) for pod in found for failure in pods.failures(pod))
        yield f"-> {typed} describe pods -n {namespace} -l {labels}"
        return
    yield f"{where} has no pods"
    for owner in owners:
        template: Mapping[str, str] = owner["spec"]["template"]["metadata"].get("labels", {})
        if selector.items() <= template.items():
            name, asked = owner["metadata"]["name"], owner["spec"].get("replicas", 1)
            yield f"the Deployment {name} asks for {asked}"
            again = f"scale deployment/{name} --replicas=1" if asked == 0 else f"describe deployment {name}"
            yield f"-> {typed} {again} -n {namespace}"
