"""The HTTP contract of the chat's web, api and crawler, which the public images and `local/chat` both keep.

By default the programs of `local/chat` are built and started. CHAT_WEB_PROGRAM, CHAT_API_PROGRAM and
CHAT_CRAWLER_PROGRAM replace one of them, for example with the program of a public image. With CHAT_WEB_URL and
CHAT_API_URL (and CHAT_CRAWLER_URL if it can be reached) the tests ask services that already run. Tests that start a
program are skipped then.
"""

import json
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.live.chat import NAMES, START_S, Programs, free_port, program_paths

URLS = {name: os.environ.get(f"CHAT_{name.upper()}_URL", "").rstrip("/") for name in NAMES}
ORIGINS = ["http://synchat.internal", "https://chat.example.com:8443"]
IN_NO_BOOK = "xyzzy"
KEPT = [
    {"Keyword": "love", "BookTitle": "Dracula", "Count": 7},
    {"Keyword": "joy", "BookTitle": "Frankenstein; Or, The Modern Prometheus", "Count": 9},
    {"Keyword": "love", "BookTitle": "Frankenstein; Or, The Modern Prometheus", "Count": 17},
    {"Keyword": "hate", "BookTitle": "Frankenstein; Or, The Modern Prometheus", "Count": 42},
]
Message = dict[str, str]


@pytest.fixture(scope="module")
def paths() -> dict[str, Path]:
    if any(URLS.values()):
        pytest.skip("starts a program, and CHAT_..._URL names services that already run")
    return program_paths()


@pytest.fixture
def programs(paths: dict[str, Path]) -> Iterator[Programs]:
    with ExitStack() as ending:
        yield Programs(paths, ending)


@pytest.fixture(scope="module")
def chat(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """URLs of a web, an api and a crawler that call each other. The crawler's is empty if it cannot be reached."""
    if any(URLS.values()):
        assert URLS["web"] and URLS["api"], "set both CHAT_WEB_URL and CHAT_API_URL"
        yield URLS
        return
    with ExitStack() as ending:
        programs = Programs(request.getfixturevalue("paths"), ending)
        crawler = programs.start("crawler", CRAWLER_KEYWORDS="love,hate,joy")
        api = programs.start("api", CRAWLER_BASE_URL=crawler.url)
        web = programs.start("web", API_URL=api.url)
        yield {"web": web.url, "api": api.url, "crawler": crawler.url}


@pytest.fixture
def crawler_url(chat: dict[str, str]) -> str:
    return chat["crawler"] or pytest.skip("CHAT_CRAWLER_URL is not set")


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A crawler's directory with the counts of an earlier run."""
    for count in KEPT:
        title = re.sub(r"\W", "", count["BookTitle"]).lower()
        (tmp_path / f"{count['Keyword']}.{title}.json").write_text(json.dumps(count))
    return tmp_path


def ask(method: str, url: str, **options: Any) -> httpx.Response:
    # A proxy from the environment must not stand between a test and a program on loopback.
    with httpx.Client(trust_env=False, timeout=20) as client:
        return client.request(method, url, **options)


def message(text: str, author: str = "ada") -> Message:
    return {"AuthorUsername": author, "Text": text}


def messages_in(answer: httpx.Response) -> list[Message]:
    return [message(item["Text"], item["AuthorUsername"]) for item in answer.json()]


def post(api: str, text: str, author: str = "ada") -> httpx.Response:
    return ask("POST", f"{api}/messages", json=message(text, author))


# The page


def test_the_page_has_the_elements_for_the_name_the_message_the_button_and_the_list(chat: dict[str, str]) -> None:
    answer = ask("GET", f"{chat['web']}/")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    for name in ("username", "message", "send", "messages"):
        assert re.search(rf"""id=["']?{name}["'\s>]""", answer.text), f"no element has the id {name}"
    assert "app.js" in answer.text


def test_the_script_of_the_page_has_the_url_of_the_api_as_a_constant(chat: dict[str, str]) -> None:
    answer = ask("GET", f"{chat['web']}/app.js")
    assert answer.status_code == 200
    # A running service can know the API by another URL than the tests do.
    url = "https?://[^\"']+" if any(URLS.values()) else re.escape(chat["api"])
    assert re.search(rf"""^const \w+ = (["']){url}\1;""", answer.text)


def test_the_page_loads_without_the_url_of_an_api(programs: Programs) -> None:
    web = programs.start("web")
    assert ask("GET", f"{web.url}/").status_code == 200


# The API


def test_the_api_is_healthy(chat: dict[str, str]) -> None:
    answer = ask("GET", f"{chat['api']}/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}


def test_a_posted_message_is_answered_with_the_whole_list(chat: dict[str, str]) -> None:
    first, second = f"first {uuid.uuid4()}", f"second {uuid.uuid4()}"
    assert post(chat["api"], first).status_code == 201
    answer = post(chat["api"], second, "grace")
    assert answer.status_code == 201
    assert messages_in(answer)[-2:] == [message(first), message(second, "grace")]


@pytest.mark.parametrize("text", ["plain", "<img src=x onload=alert(1)>", 'ünï "quoted" \\ \U0001f600 \u2028', "a\nb"])
def test_a_message_is_read_back_as_it_was_written(chat: dict[str, str], text: str) -> None:
    mine = f"{text} {uuid.uuid4()}"
    post(chat["api"], mine)
    answer = ask("GET", f"{chat['api']}/messages")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    assert message(mine) in messages_in(answer)


@pytest.mark.parametrize("body", ["", "{", "not JSON", '"a text"', "[1, 2]", '{"Text": 1}'])
def test_a_body_that_is_not_a_message_is_a_bad_request(chat: dict[str, str], body: str) -> None:
    headers = {"Content-Type": "application/json", "Origin": ORIGINS[0]}
    answer = ask("POST", f"{chat['api']}/messages", content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert answer.headers["Access-Control-Allow-Origin"] in (ORIGINS[0], "*"), "a page could not read the reason"


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_page_of_any_web_site_can_read_messages(chat: dict[str, str], origin: str) -> None:
    answer = ask("GET", f"{chat['api']}/messages", headers={"Origin": origin})
    assert answer.headers["Access-Control-Allow-Origin"] in (origin, "*")


@pytest.mark.parametrize("origin", ORIGINS)
def test_the_preflight_request_of_a_browser_allows_it_to_post_json(chat: dict[str, str], origin: str) -> None:
    preflight = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    answer = ask("OPTIONS", f"{chat['api']}/messages", headers=preflight)
    assert answer.status_code in (200, 204)
    assert answer.headers["Access-Control-Allow-Origin"] in (origin, "*")
    assert "POST" in answer.headers["Access-Control-Allow-Methods"].upper()
    assert "content-type" in answer.headers["Access-Control-Allow-Headers"].lower()


def test_a_new_chat_is_an_empty_list(programs: Programs) -> None:
    assert ask("GET", f"{programs.start('api').url}/messages").json() == []


def test_messages_in_a_file_outlive_the_process(programs: Programs, tmp_path: Path) -> None:
    file = tmp_path / "made" / "at" / "start" / "messages.json"
    first = programs.start("api", API_DB_FILEPATH=str(file))
    post(first.url, "for later")
    first.process.terminate()
    first.process.wait(START_S)
    second = programs.start("api", API_DB_FILEPATH=str(file))
    assert messages_in(ask("GET", f"{second.url}/messages")) == [message("for later")]
    assert json.loads(file.read_text()) == [message("for later")]


@pytest.mark.parametrize("text", ["oh heck", "Darn it", "the dog is FETCHing"])
def test_some_words_end_the_api_with_an_error(programs: Programs, text: str) -> None:
    api = programs.start("api")
    with pytest.raises(httpx.TransportError):
        post(api.url, text)
    assert api.process.wait(START_S) > 0


def test_those_words_do_not_matter_in_a_name(programs: Programs) -> None:
    assert post(programs.start("api").url, "hello", "Heckler").status_code == 201


# The crawler, and the bot that asks it


def test_the_crawler_is_healthy(crawler_url: str) -> None:
    assert ask("GET", f"{crawler_url}/healthz").status_code == 200


def test_the_crawler_lists_its_counts_in_ascending_order(crawler_url: str) -> None:
    answer = ask("GET", f"{crawler_url}/stats")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    assert all(item.keys() == {"Keyword", "BookTitle", "Count"} for item in answer.json())
    counts = [item["Count"] for item in answer.json()]
    assert counts == sorted(counts)


def test_the_list_is_empty_before_anything_was_counted(programs: Programs) -> None:
    crawler = programs.start("crawler", CRAWLER_KEYWORDS=IN_NO_BOOK)
    assert ask("GET", f"{crawler.url}/stats").json() == []


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, KEPT),
        ({"keywords": "love"}, [KEPT[0], KEPT[2]]),
        ({"keywords": "hate,joy"}, [KEPT[1], KEPT[3]]),
        ({"title": "frankenstein"}, KEPT[1:]),
        ({"keywords": "love,hate", "title": "Frankenstein"}, KEPT[2:]),
        ({"keywords": "hate", "title": "Dracula"}, []),
        ({"keywords": "", "title": ""}, KEPT),
    ],
)
def test_keywords_and_title_filter_the_counts(
    programs: Programs, kept: Path, arguments: dict[str, str], expected: list[dict[str, Any]]
) -> None:
    crawler = programs.start("crawler", CRAWLER_KEYWORDS=IN_NO_BOOK, CRAWLER_DB_PATH=str(kept))
    assert ask("GET", f"{crawler.url}/stats", params=arguments).json() == expected


def test_the_crawler_keeps_each_count_in_a_file_of_its_directory(programs: Programs, tmp_path: Path) -> None:
    directory = tmp_path / "made" / "at" / "start"
    crawler = programs.start("crawler", CRAWLER_KEYWORDS="love,hate", CRAWLER_DB_PATH=str(directory))
    answer = ask("GET", f"{crawler.url}/stats").json()
    files = [json.loads(file.read_text()) for file in directory.iterdir()]
    assert sorted(files, key=json.dumps) == sorted(answer, key=json.dumps)


@pytest.mark.parametrize(("name", "environment"), [("api", {}), ("crawler", {"CRAWLER_KEYWORDS": "love"})])
def test_the_api_and_the_crawler_do_not_start_without_a_port(
    programs: Programs, name: str, environment: dict[str, str]
) -> None:
    assert programs.launch(name, environment).wait(START_S) > 0


def test_the_crawler_does_not_start_without_keywords(programs: Programs) -> None:
    assert programs.launch("crawler", {"CRAWLER_PORT": str(free_port())}).wait(START_S) > 0


def test_stats_in_a_running_chat_is_answered_by_the_bot(chat: dict[str, str]) -> None:
    answer = post(chat["api"], "/stats", "grace")
    assert answer.status_code == 201
    question, reply = messages_in(answer)[-2:]
    assert question == message("/stats", "grace")
    assert reply["AuthorUsername"] == "crawler-bot"


@pytest.mark.parametrize(
    ("arguments", "query", "total"),
    [
        ("", {}, 75),
        (" please", {}, 75),
        (" keywords=love", {"keywords": ["love"]}, 24),
        (" title=Dracula", {"title": ["Dracula"]}, 7),
        (" keywords=love,hate title=Frankenstein", {"keywords": ["love,hate"], "title": ["Frankenstein"]}, 59),
    ],
)
def test_the_bot_reports_the_sum_of_the_counts_and_the_url_that_it_asked(
    programs: Programs, kept: Path, arguments: str, query: dict[str, list[str]], total: int
) -> None:
    crawler = programs.start("crawler", CRAWLER_KEYWORDS=IN_NO_BOOK, CRAWLER_DB_PATH=str(kept))
    api = programs.start("api", CRAWLER_BASE_URL=crawler.url)
    question, reply = messages_in(post(api.url, f"/stats{arguments}"))
    assert question == message(f"/stats{arguments}")
    assert reply["AuthorUsername"] == "crawler-bot"
    asked = next(word for word in reply["Text"].split() if word.startswith(f"{crawler.url}/stats"))
    assert parse_qs(urlsplit(asked).query) == query
    assert re.search(rf"\b{total}\b", reply["Text"].replace(asked, ""))


def test_the_bot_answers_only_messages_that_start_with_stats(programs: Programs) -> None:
    assert len(messages_in(post(programs.start("api").url, "type /stats"))) == 1


def test_stats_is_a_bad_request_when_the_crawler_does_not_answer(programs: Programs) -> None:
    api = programs.start("api", CRAWLER_BASE_URL=f"http://127.0.0.1:{free_port()}")
    answer = post(api.url, "/stats")
    assert answer.status_code == 400
    assert answer.json()["error"]
