"""The end of a request on Envoy, in the form in which `make explain` predicts it."""

from explain import Ending, Verdict
from tools.ask.ask import Answer, NotAnswered


def ending(answer: Answer | NotAnswered, verdict: Verdict) -> Ending:
    """The end that an answer is. `verdict` is that of `make explain`, which knows the other backends of the rule."""
    if isinstance(answer, NotAnswered):
        return Ending(text="reaches no Gateway: none listens on the port")
    headers = {name.lower(): value for name, value in answer.headers}
    if answer.backend:
        name = answer.backend.partition(",")[0]
        # Of the backends of a rule, Envoy chooses one for each request.
        possible = Ending.of(verdict).backends or frozenset()
        backends = possible if name in possible else frozenset({name})
        return Ending(text=f"goes to {name}", backends=backends, headers=headers)
    if answer.closed:
        return Ending(text=f"gets no answer: {answer.closed}", headers=headers)
    reason = f" ({answer.details})" if answer.details else ""
    to = f", location {headers['location']}" if "location" in headers else ""
    return Ending(text=f"gets {answer.status}{to}{reason}", status=answer.status, headers=headers)
