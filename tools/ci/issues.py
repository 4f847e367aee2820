"""Issues about a stack: at most one open issue for each stack and subject."""

from tools.ci.github import BOT, LIMIT, GitHub


def keep(github: GitHub, subject: str, stack: str, title: str, text: str | None) -> None:
    """Open the issue, or update the one that is open. Without a text, close it."""
    marker = f"<!-- synergychat: {subject} of {stack} -->"
    body = None if text is None else f"{marker}\n{text}"[:LIMIT]
    for issue in github.pages("issues", state="open", creator=BOT):
        if "pull_request" in issue or issue["user"]["login"] != BOT or not (issue["body"] or "").startswith(marker):
            continue
        if body is None:
            closed = {"state": "closed", "state_reason": "completed"}
            github.send("PATCH", f"issues/{issue['number']}", closed)
        elif issue["body"] != body:
            github.send("PATCH", f"issues/{issue['number']}", {"title": title, "body": body})
        return
    if body is not None:
        github.send("POST", "issues", {"title": title, "body": body})
