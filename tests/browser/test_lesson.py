"""The lesson as its reader does it, in a browser: chat as several users, reload, lose the api's pod."""

import json
from typing import Any

from playwright.sync_api import Page, expect

from tests.live.live_stack import LiveStack
from tests.live.waiting import wait_until


def _say(page: Page, user: str, text: str) -> None:
    page.locator("#username").fill(user)
    page.locator("#message").fill(text)
    page.locator("#send").click()
    expect(page.locator("#messages")).to_contain_text(text)


def _api_pods(stack: LiveStack) -> list[dict[str, Any]]:
    label = "app.kubernetes.io/name=synergychat-api"
    listed = stack.kubectl("get", "pods", "-n", stack.outputs["namespace"], "-l", label, "-o", "json")
    return json.loads(listed)["items"]


def _name_of_api_pod(stack: LiveStack) -> str:
    (pod,) = [pod for pod in _api_pods(stack) if "deletionTimestamp" not in pod["metadata"]]
    return pod["metadata"]["name"]


def _restarts_of_api(stack: LiveStack) -> int:
    return sum(pod["status"]["containerStatuses"][0]["restartCount"] for pod in _api_pods(stack))


def test_three_users_chat_and_all_of_it_is_there_after_a_reload(stack: LiveStack, page: Page) -> None:
    page.goto(stack.outputs["urls"]["web"])
    said = {
        "Ada": "Is anybody behind the gateway?",
        "Grace": "Two routes, one listener.",
        "Linus": "It routes by host.",
    }
    for user, text in said.items():
        _say(page, user, text)
    page.reload()
    for user, text in said.items():
        expect(page.locator("#messages")).to_contain_text(user)
        expect(page.locator("#messages")).to_contain_text(text)


def test_what_one_reader_sends_another_one_sees(stack: LiveStack, page: Page) -> None:
    other = page.context.browser.new_page()  # pyright: ignore[reportOptionalMemberAccess] - it was launched, so it has one
    try:
        other.goto(stack.outputs["urls"]["web"])
        page.goto(stack.outputs["urls"]["web"])
        _say(page, "Ada", "Do you see this?")
        expect(other.locator("#messages")).to_contain_text("Do you see this?")
    finally:
        other.close()


def test_markup_in_a_message_is_shown_and_not_run(stack: LiveStack, page: Page) -> None:
    page.goto(stack.outputs["urls"]["web"])
    _say(page, "Mallory", "<img src=x onerror=\"document.title='taken'\">")
    assert page.title() != "taken"
    assert page.locator("#messages img").count() == 0


def test_what_was_not_sent_is_said_until_the_reader_types_and_that_the_api_is_away_until_it_answers(
    stack: LiveStack, page: Page
) -> None:
    line, api = page.locator("#error"), stack.outputs["urls"]["api"]
    page.goto(stack.outputs["urls"]["web"])
    page.locator("#username").fill("Ada")
    page.locator("#message").fill("Does anybody hear me?")
    page.route("**/messages", lambda route: route.abort())
    page.locator("#send").click()
    expect(line).to_have_text(f"Not sent. The chat's API at {api} does not answer. Trying again every second.")
    page.unroute("**/messages")
    expect(line).to_have_text("Not sent.")
    expect(page.locator("#message")).to_have_value("Does anybody hear me?")
    page.locator("#username").fill("Grace")
    expect(line).to_be_empty()
    refusal = {"status": 400, "json": {"error": "too long"}, "headers": {"Access-Control-Allow-Origin": "*"}}
    page.route(
        "**/messages", lambda route: route.fulfill(**refusal) if route.request.method == "POST" else route.continue_()
    )
    page.locator("#send").click()
    expect(line).to_have_text("The API refused this: too long")
    page.unroute("**/messages")
    _say(page, "Ada", "And now?")
    expect(line).to_be_empty()


def test_a_deleted_api_pod_is_replaced_and_the_chat_starts_empty(stack: LiveStack, page: Page) -> None:
    page.goto(stack.outputs["urls"]["web"])
    _say(page, "Ada", "This will not outlive the pod.")
    old = _name_of_api_pod(stack)
    stack.kubectl("delete", "pod", old, "-n", stack.outputs["namespace"])
    stack.kubectl("rollout", "status", "deployment/synergychat-api", "-n", stack.outputs["namespace"])
    assert _name_of_api_pod(stack) != old
    page.reload()
    expect(page.locator("#messages")).not_to_contain_text("This will not outlive the pod.")
    _say(page, "Grace", "The page works again.")
    expect(page.locator("#messages")).not_to_contain_text("This will not outlive the pod.")


def test_a_message_that_ends_the_api_shows_how_kubernetes_starts_it_again(stack: LiveStack, page: Page) -> None:
    namespace = stack.outputs["namespace"]
    before = _restarts_of_api(stack)
    page.goto(stack.outputs["urls"]["web"])
    page.locator("#username").fill("Ada")
    page.locator("#message").fill("What the heck")
    page.locator("#send").click()
    expect(page.locator("#messages")).not_to_contain_text("What the heck")
    wait_until(lambda: _restarts_of_api(stack) > before)
    stack.kubectl("rollout", "status", "deployment/synergychat-api", "-n", namespace)
    wait_until(lambda: stack.request("GET", f"{stack.outputs['urls']['api']}/healthz").status_code == 200)
    _say(page, "Grace", "And on we go.")
