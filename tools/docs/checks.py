"""docs/checks.md: every code of the catalogue, with its sentences and an example.

The examples are those of the tests: `tests/cases` (configs, kubeconfigs, sets of objects and schemas) and the verdicts
of the schema checks.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, groupby
from typing import Any, cast

import yaml

from checks.rules import problems
from diagnostics import problem as problem_of
from diagnostics.catalogue import Entry, catalogue
from explain import explain
from tests.cases import case, clusters, configs, judged, kubeconfigs, schemas
from tests.unit.checks.schema import verdicts

_WORD = re.compile(r"\{(\w+)\}")
_DATE = re.compile(r"\d{4}-\d\d-\d\d[T0-9:Z]*")
_PLACE_IN_SSL = re.compile(r" \(_ssl\.c:\d+\)")
_MOST_LINES = 40
_LONG, _START = 80, 24
_SUGGESTED = "use a name that exists; the message suggests one"


def render() -> str:
    """The content of docs/checks.md."""
    sections = {subject: list(entries) for subject, entries in groupby(catalogue().values(), key=_subject)}
    index = (f"- {_link(subject)}: {', '.join(_link(entry.code) for entry in of)}" for subject, of in sections.items())
    lines = [line for subject, of in sections.items() for line in (f"\n## {subject}", *chain(*map(_section, of)))]
    return "\n".join([_PAGE, *index, *lines, ""])


def _subject(entry: Entry) -> str:
    return entry.subject


def _link(heading: str) -> str:
    return f"[{heading}](#{heading.lower().replace(' ', '-')})"


def _section(entry: Entry) -> Iterator[str]:
    yield f"\n### {entry.code}"
    if rule := _sentence(entry.rule):
        yield f"\n> {rule}"
    if fix := _SUGGESTED if entry.fix == "{suggestion}" else _sentence(entry.fix):
        yield f"\nFix: {fix}."
    if entry.about:
        yield f"\n{entry.about.strip()}"
    yield f"\n{examples()[entry.code]}"


def _sentence(template: str) -> str:
    """The template with its placeholders in capitals; empty when it is nothing but a placeholder."""
    if _WORD.fullmatch(template):
        return ""
    # Braces that are no placeholder are written twice.
    return _WORD.sub(lambda found: found[1].upper(), template).replace("{{", "{").replace("}}", "}").strip()


@cache
def examples() -> dict[str, str]:
    """An example of every code, as Markdown: something that has the problem, and the line that the program prints."""
    found = dict(chain(_of_configs(), _of_kubeconfigs(), _of_clusters(), _of_schemas(), _of_judged()))
    for stack in case.load():
        in_objects = list(problems(stack.stack, version=case.VERSION))
        if stack.problem and stack.problem.code not in found:
            ((manifest, problem),) = in_objects
            found[problem.code] = _block(manifest, f"{stack.problem.object}: {problem}")
        for asked in stack.requests:
            if asked.refused and asked.refused not in found:
                verdict = explain(stack.stack, asked.request, problems=in_objects)
                refusal = verdict.refusal or verdict.nearest[0]
                found[asked.refused] = f"```\n{asked.request}\n{refusal} [{refusal.reason.code}]\n```"
    for verdict in [*verdicts.CASES, *verdicts.BUILTIN]:
        for broken in verdict.breaks:
            words = {name: word for name, word in broken.items() if name not in ("at", "code")}
            rule = problem_of(broken["code"], (), **words).rule
            line = f"{verdict.manifest['kind']}: {broken['at']}: {rule} [{broken['code']}]"
            found.setdefault(broken["code"], _block(verdict.manifest, line))
    return found


def _of_configs() -> Iterator[tuple[str, str]]:
    for example in configs.load():
        (located,) = example.problems()
        config = {f"synergychat:{key}": value for key, value in example.config.items()}
        files = "".join(f"`{name}`:\n\n{_yaml_block(content)}\n" for name, content in example.files.items())
        note = f"The sentence is part of the message of `{example.within}`.\n\n" if example.within else ""
        yield example.code, note + files + _block(config, str(located).partition("\n")[0])


def _of_kubeconfigs() -> Iterator[tuple[str, str]]:
    for example in kubeconfigs.load():
        code, line = example.found()
        yield code, _block(example.kubeconfig, line)


def _of_judged() -> Iterator[tuple[str, str]]:
    for example in reversed(judged.load()):  # the first one of a code is shown
        yield example.code, _block(example.subject, f"{example.refused}: {example.problem()}")


def _of_clusters() -> Iterator[tuple[str, str]]:
    for example in clusters.load():
        (located,) = example.problems()
        yield example.code, _block(None, str(located).partition("\n")[0])


def _of_schemas() -> Iterator[tuple[str, str]]:
    for example in schemas.load():
        (problem,) = example.problems()
        yield problem.code, _block({"schema": example.schema, "spec": example.spec}, str(problem))


def _yaml_block(text: str) -> str:
    return f"```yaml\n{text.strip()}\n```\n"


def _block(value: object, line: str) -> str:
    shown = _yaml(value)
    if not shown or shown.count("\n") > _MOST_LINES:
        return f"```\n{_fixed(line)}\n```"
    return f"```yaml\n{shown}```\n\n```\n{_fixed(line)}\n```"


def _yaml(value: object) -> str:
    """The value as YAML, a text as it is, and an empty text for None."""
    if value is None or isinstance(value, str):
        return f"{value}\n" if value else ""
    return yaml.safe_dump(_plain(value), sort_keys=False, width=110, default_flow_style=None)


def _fixed(line: str) -> str:
    """The line without what differs from run to run or with the version of Python."""
    # The certificates of the cases are issued on the spot.
    return _PLACE_IN_SSL.sub("", _DATE.sub("YYYY-MM-DD", line))


def _plain(value: Any) -> Any:
    """The value as plain dicts, lists and scalars; of a long text only the start."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in cast(Mapping[str, Any], value).items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in cast(Sequence[Any], value)]
    return f"{value[:_START]}..." if isinstance(value, str) and len(value) > _LONG else value


_PAGE = """<!-- Written by `python -m tools.docs` from diagnostics/catalogue.yaml and the tests' cases: edit those. -->
# Problems, by code

`pulumi preview` and `pulumi up` check the config of the stack and every object before anything is sent to a cluster.
Each problem ends with a code in brackets, such as `[port-required]`. This page explains each code. Words in capitals
stand for what the message names. An example shows the keys, the object or the kubeconfig with the problem, and the
message. Where no CRD of a release has such a rule, it shows the schema that another CRD may have for `spec`.

## Codes by subject
"""
