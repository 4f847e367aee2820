"""What the chat's web, api and crawler promise over HTTP.

Without more said, the programs are built, started on free ports and ended. With CHAT_WEB_URL and CHAT_API_URL (and
CHAT_CRAWLER_URL where it can be reached) the tests ask those: the public images behind a gateway, for one. Tests that
have to start, configure or end a program are skipped then.
"""

import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.paths import REPOSITORY
from local.toolchain import Tools, ensure
from local.toolchain.progress import Progress

WEB_URL, API_URL, CRAWLER_URL = (os.environ.get(f"CHAT_{name}_URL", "") for name in ("WEB", "API", "CRAWLER"))
GIVEN = bool(WEB_URL or API_URL or CRAWLER_URL)
PORT_VARIABLE = {"web": "WEB_PORT", "api": "API_PORT", "crawler": "CRAWLER_PORT"}
KEYWORDS = "love,hate,joy,sadness,anger,disgust,fear,surprise"
TEXTS = REPOSITORY / "local" / "chat" / "crawler" / "texts"
ORIGINS = ["http://synchat.internal", "https://chat.example.com:8443"]
START_S = 10
END_S = 5

Message = dict[str, str]


@dataclass
class Program:
    """A running program of the chat, and all that it has printed."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def printed(self) -> str:
        return self.log.read_text()

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        return self.process.wait(END_S)

    def wait_until_it_listens(self) -> None:
        host, port = self.url.removeprefix("http://").split(":")
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            assert self.process.poll() is None, self.printed()
            try:
                socket.create_connection((host, int(port)), timeout=1).close()
            except ConnectionRefusedError:
                time.sleep(0.02)
            else:
                return
        pytest.fail(f"nothing listens at {self.url} after {START_S} s: {self.printed()}")


class Programs:
    """Starts programs of the chat, each with exactly the environment that it is given and a free port."""

    def __init__(self, tools: Tools, logs: Path, ending: ExitStack) -> None:
        self._tools = tools
        self._logs = logs
        self._ending = ending

    def start(self, name: str, **environment: str) -> Program:
        port = free_port()
        program = self.launch(name, f"http://127.0.0.1:{port}", {PORT_VARIABLE[name]: str(port)} | environment)
        program.wait_until_it_listens()
        return program

    def launch(self, name: str, url: str, environment: dict[str, str]) -> Program:
        log = self._logs / f"{name}-{uuid.uuid4().hex}.log"
        with log.open("w") as out:
            process = subprocess.Popen(
                [self._tools.program(name)], env=environment, cwd="/", stdout=out, stderr=subprocess.STDOUT
            )
        self._ending.callback(process.wait)
        self._ending.callback(process.kill)
        return Program(process, url, log)

    def refusal(self, name: str, **environment: str) -> str:
        """What a program prints that does not start."""
        program = self.launch(name, "", environment)
        assert program.process.wait(START_S) not in (0, None)
        return program.printed()


@dataclass
class Chat:
    web: str
    api: str
    crawler: str


@pytest.fixture(scope="module")
def tools() -> Tools:
    if GIVEN:
        pytest.skip("starts, configures or ends a program, and the programs at CHAT_..._URL are not ours")
    with Progress() as progress:
        return ensure(["chat"], progress)


@pytest.fixture
def programs(tools: Tools, tmp_path: Path) -> Iterator[Programs]:
    with ExitStack() as ending:
        yield Programs(tools, tmp_path, ending)


@pytest.fixture(scope="module")
def chat(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chat]:
    if GIVEN:
        assert WEB_URL and API_URL, "set CHAT_WEB_URL and CHAT_API_URL, both or none"
        yield Chat(*(url.rstrip("/") for url in (WEB_URL, API_URL, CRAWLER_URL)))
        return
    with ExitStack() as ending:
        programs = Programs(request.getfixturevalue("tools"), tmp_path_factory.mktemp("chat"), ending)
        crawler = programs.start("crawler", CRAWLER_KEYWORDS=KEYWORDS)
        api = programs.start("api", CRAWLER_BASE_URL=crawler.url)
        web = programs.start("web", API_URL=api.url)
        yield Chat(web.url, api.url, crawler.url)


@pytest.fixture
def crawler_url(chat: Chat) -> str:
    if not chat.crawler:
        pytest.skip("CHAT_CRAWLER_URL is not set")
    return chat.crawler


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(method: str, url: str, **options: Any) -> httpx.Response:
    # No proxy of this machine stands between a test and a program on its loopback.
    with httpx.Client(trust_env=False, timeout=20) as client:
        return client.request(method, url, **options)


def message(text: str, author: str = "ada") -> Message:
    return {"AuthorUsername": author, "Text": text}


def said(answer: httpx.Response) -> list[Message]:
    return [message(each["Text"], each["AuthorUsername"]) for each in answer.json()]


def post(api: str, text: str, author: str = "ada") -> httpx.Response:
    return ask("POST", f"{api}/messages", json=message(text, author))


def new_text() -> str:
    return f"a message of its own, {uuid.uuid4()}"


# The page


def test_the_page_has_a_place_for_the_name_the_message_the_button_and_the_list(chat: Chat) -> None:
    answer = ask("GET", f"{chat.web}/")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    for name in ("username", "message", "send", "messages"):
        assert re.search(rf"""id=["']?{name}["'\s>]""", answer.text), f"no element has the id {name}"
    assert "app.js" in answer.text


def test_the_pages_script_is_told_the_url_of_the_api(chat: Chat) -> None:
    answer = ask("GET", f"{chat.web}/app.js")
    assert answer.status_code == 200
    assert "javascript" in answer.headers["Content-Type"]
    assert re.search(r"""["'`]https?://""" if GIVEN else re.escape(f'"{chat.api}"'), answer.text)


@pytest.mark.parametrize(
    "url", ['http://api.internal/";alert(1);x', "http://api.internal/</script>", "http://api.internal/\u2028'`${1}\\"]
)
def test_no_url_of_the_api_can_become_code_in_the_page(programs: Programs, url: str) -> None:
    web = programs.start("web", API_URL=url)
    constant = ask("GET", f"{web.url}/app.js").content.decode().split("\n")[0]
    assert json.loads(constant.removeprefix("const API_URL = ").removesuffix(";")) == url
    assert "</script" not in constant


def test_a_slash_at_the_end_of_the_apis_url_is_not_doubled_in_what_the_page_asks(programs: Programs) -> None:
    web = programs.start("web", API_URL="http://api.internal/")
    assert ask("GET", f"{web.url}/app.js").text.startswith('const API_URL = "http://api.internal";\n')


def test_the_page_is_served_on_port_8080_when_no_port_is_set(programs: Programs) -> None:
    web = programs.launch("web", "", {"API_URL": "http://api.internal"})
    until = time.monotonic() + START_S
    while "\n" not in web.printed() and time.monotonic() < until:
        time.sleep(0.02)
    # Whether another program has it already, this is the port that was asked for.
    assert "port=8080" in web.printed() or ":8080: bind: address already in use" in web.printed()


def test_every_file_that_the_page_names_is_served_by_it_and_may_run_under_its_policy(programs: Programs) -> None:
    web = programs.start("web", API_URL="http://api.internal")
    page = ask("GET", f"{web.url}/")
    files = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)
    assert len(files) == 2
    assert [ask("GET", f"{web.url}{file}").status_code for file in files] == [200, 200]
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert not re.search(r"<script>|<style|\son\w+=|\sstyle=", page.text)


# The API


def test_the_api_is_healthy(chat: Chat) -> None:
    answer = ask("GET", f"{chat.api}/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}


def test_a_message_that_is_posted_is_answered_with_the_whole_list(chat: Chat) -> None:
    first, second = new_text(), new_text()
    assert post(chat.api, first).status_code == 201
    answer = post(chat.api, second, "grace")
    assert answer.status_code == 201
    assert said(answer)[-2:] == [message(first), message(second, "grace")]


@pytest.mark.parametrize("text", ["plain", "<img src=x onload=alert(1)>", 'ünï "quoted" \\ \U0001f600 \u2028', "a\nb"])
def test_a_message_is_read_back_as_it_was_written(chat: Chat, text: str) -> None:
    mine = f"{text} {uuid.uuid4()}"
    post(chat.api, mine)
    answer = ask("GET", f"{chat.api}/messages")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    assert message(mine) in said(answer)


@pytest.mark.parametrize("body", ["", "{", "no JSON", '"a text"', "[1, 2]"])
def test_a_body_that_is_no_message_is_a_bad_request(chat: Chat, body: str) -> None:
    answer = ask("POST", f"{chat.api}/messages", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_page_of_any_web_site_may_read_messages(chat: Chat, origin: str) -> None:
    answer = ask("GET", f"{chat.api}/messages", headers={"Origin": origin})
    assert answer.headers["Access-Control-Allow-Origin"] in (origin, "*")


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_browser_that_asks_first_is_told_that_it_may_post_json(chat: Chat, origin: str) -> None:
    asking = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    answer = ask("OPTIONS", f"{chat.api}/messages", headers=asking)
    assert answer.status_code in (200, 204)
    assert answer.headers["Access-Control-Allow-Origin"] in (origin, "*")
    assert "POST" in answer.headers["Access-Control-Allow-Methods"].upper()
    assert "content-type" in answer.headers["Access-Control-Allow-Headers"].lower()


def test_a_message_that_starts_with_stats_is_answered_in_the_chat(chat: Chat) -> None:
    before = len(said(ask("GET", f"{chat.api}/messages")))
    answer = post(chat.api, "/stats", "grace")
    assert answer.status_code == 201
    new = said(answer)[before:]
    assert new
    assert "error" not in json.dumps(new).lower()


def test_a_new_chat_is_an_empty_list(programs: Programs) -> None:
    api = programs.start("api")
    assert ask("GET", f"{api.url}/messages").text.strip() == "[]"


@pytest.mark.parametrize(
    "body",
    [
        {},
        None,
        {"AuthorUsername": "ada"},
        {"Text": "hello"},
        {"AuthorUsername": "", "Text": "hello"},
        {"AuthorUsername": "ada", "Text": " \n"},
        {"AuthorUsername": 1, "Text": "hello"},
    ],
)
def test_a_message_without_its_author_or_text_is_refused_and_says_why(programs: Programs, body: Any) -> None:
    api = programs.start("api")
    answer = ask("POST", f"{api.url}/messages", json=body, headers={"Origin": ORIGINS[0]})
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGINS[0], "a page could not read the reason"
    assert ask("GET", f"{api.url}/messages").json() == []


@pytest.mark.parametrize("size", [20_000, 5_000_000])
def test_a_message_that_is_too_large_is_refused(programs: Programs, size: int) -> None:
    api = programs.start("api")
    assert post(api.url, "x" * size).status_code == 413
    assert ask("GET", f"{api.url}/messages").json() == []


def test_two_documents_in_one_body_are_no_message(programs: Programs) -> None:
    api = programs.start("api")
    body = json.dumps(message("one")) + json.dumps(message("two"))
    assert ask("POST", f"{api.url}/messages", content=body).status_code == 400


@pytest.mark.parametrize("origin", ["null", "file://", "chrome-extension://abc"])
def test_what_is_no_web_site_may_not_read_messages(programs: Programs, origin: str) -> None:
    api = programs.start("api")
    assert "Access-Control-Allow-Origin" not in ask("GET", f"{api.url}/messages", headers={"Origin": origin}).headers


def test_messages_of_many_people_at_once_are_all_kept_in_one_order(programs: Programs, tmp_path: Path) -> None:
    api = programs.start("api", API_DB_FILEPATH=str(tmp_path / "messages.json"))
    with ThreadPoolExecutor(max_workers=8) as people:
        answers = list(people.map(lambda number: said(post(api.url, f"message {number}")), range(80)))
    final = said(ask("GET", f"{api.url}/messages"))
    assert sorted(each["Text"] for each in final) == sorted(f"message {number}" for number in range(80))
    for number, answer in enumerate(answers):
        assert answer[-1] == message(f"message {number}")
        assert answer == final[: len(answer)]


def test_a_list_that_did_not_change_is_not_sent_again(programs: Programs) -> None:
    api = programs.start("api")
    first = ask("GET", f"{api.url}/messages")
    again = {"If-None-Match": first.headers["ETag"]}
    assert ask("GET", f"{api.url}/messages", headers=again).status_code == 304
    post(api.url, "something new")
    assert ask("GET", f"{api.url}/messages", headers=again).json() == [message("something new")]


# The crawler, and the bot that speaks for it


def test_the_crawler_is_healthy(crawler_url: str) -> None:
    assert ask("GET", f"{crawler_url}/healthz").status_code == 200


def test_the_crawler_tells_counts_in_json(crawler_url: str) -> None:
    answer = ask("GET", f"{crawler_url}/stats")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.json()


def test_the_crawler_counts_its_keywords_as_whole_words_in_any_case_and_no_other_words(programs: Programs) -> None:
    texts = " ".join(file.read_text() for file in TEXTS.glob("*.txt"))
    words = Counter(re.findall(r"[\w-]+", texts.lower()))
    assert "Joy" in texts, "no text shows that the case does not matter"
    crawler = programs.start("crawler", CRAWLER_KEYWORDS=" Love, joy,,lov ,disgust")
    counts = ask("GET", f"{crawler.url}/stats").json()
    assert counts == {"love": words["love"], "joy": words["joy"], "lov": 0, "disgust": 0}


def test_the_crawler_keeps_what_it_counted_before(programs: Programs, tmp_path: Path) -> None:
    file = tmp_path / "counts.json"
    file.write_text(json.dumps({"love": 4100, "other": 7}))
    crawler = programs.start("crawler", CRAWLER_KEYWORDS="love,joy", CRAWLER_DB_PATH=str(file))
    counts = ask("GET", f"{crawler.url}/stats").json()
    assert counts == {"love": 4100, "joy": counts["joy"]}
    assert json.loads(file.read_text()) == counts | {"other": 7}


@pytest.mark.parametrize("keywords", ["", " , ,"])
def test_the_crawler_does_not_start_without_keywords(programs: Programs, keywords: str) -> None:
    printed = programs.refusal("crawler", CRAWLER_PORT=str(free_port()), CRAWLER_KEYWORDS=keywords)
    assert "CRAWLER_KEYWORDS" in printed


def test_the_bot_tells_the_crawlers_counts(programs: Programs) -> None:
    crawler = programs.start("crawler", CRAWLER_KEYWORDS=KEYWORDS)
    api = programs.start("api", CRAWLER_BASE_URL=crawler.url + "/")
    question, answer = said(post(api.url, "/stats please"))
    assert question == message("/stats please")
    assert answer["AuthorUsername"] != "ada"
    for word, times in ask("GET", f"{crawler.url}/stats").json().items():
        assert re.search(rf"\b{word} {times}\b", answer["Text"])


def test_the_bot_is_silent_unless_a_message_starts_with_stats(programs: Programs) -> None:
    api = programs.start("api")
    assert len(said(post(api.url, "type /stats"))) == 1


@contextmanager
def crawler_that(answers: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answers(self)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the test's own output is enough."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,)).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def respond(status: int, body: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def answers(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.end_headers()
        handler.wfile.write(body.encode())

    return answers


@pytest.mark.parametrize(("status", "body"), [(500, '{"love": 1}'), (200, "<html>"), (200, '["love"]')])
def test_the_bot_says_so_when_the_crawler_answers_nonsense(programs: Programs, status: int, body: str) -> None:
    with crawler_that(respond(status, body)) as url:
        api = programs.start("api", CRAWLER_BASE_URL=url)
        answer = post(api.url, "/stats")
    assert answer.status_code == 201
    assert "error" in said(answer)[1]["Text"].lower()


@pytest.mark.parametrize("configured", [True, False])
def test_the_bot_says_so_when_no_crawler_answers(programs: Programs, configured: bool) -> None:
    crawler = {"CRAWLER_BASE_URL": f"http://127.0.0.1:{free_port()}"} if configured else {}
    answer = post(programs.start("api", **crawler).url, "/stats")
    assert answer.status_code == 201
    assert "error" in said(answer)[1]["Text"].lower()
    assert ("refused" if configured else "CRAWLER_BASE_URL") in said(answer)[1]["Text"]


def test_the_bot_does_not_wait_long_for_a_crawler_that_hangs(programs: Programs) -> None:
    released = threading.Event()

    def hangs(_: BaseHTTPRequestHandler) -> None:
        released.wait(END_S * 4)

    with crawler_that(hangs) as url:
        api = programs.start("api", CRAWLER_BASE_URL=url)
        began = time.monotonic()
        answer = post(api.url, "/stats")
        took = time.monotonic() - began
        released.set()
    assert answer.status_code == 201
    assert "error" in said(answer)[1]["Text"].lower()
    assert took < END_S


# What the API remembers


def test_messages_outlive_the_process_when_there_is_a_file(programs: Programs, tmp_path: Path) -> None:
    kept = {"API_DB_FILEPATH": str(tmp_path / "messages.json")}
    first = programs.start("api", **kept)
    post(first.url, "for later")
    assert first.end() == 0
    second = programs.start("api", **kept)
    assert said(ask("GET", f"{second.url}/messages")) == [message("for later")]


def test_no_message_that_was_answered_is_lost_when_the_process_is_killed(programs: Programs, tmp_path: Path) -> None:
    file = tmp_path / "messages.json"
    api = programs.start("api", API_DB_FILEPATH=str(file))
    answered: list[str] = []

    def talk() -> None:
        while True:
            text = new_text()
            try:
                post(api.url, text)
            except httpx.TransportError:
                return
            answered.append(text)

    people = [threading.Thread(target=talk) for _ in range(4)]
    for each in people:
        each.start()
    while len(answered) < 50:
        time.sleep(0.01)
    api.end(signal.SIGKILL)
    for each in people:
        each.join()
    second = programs.start("api", API_DB_FILEPATH=str(file))
    assert set(answered) <= {each["Text"] for each in said(ask("GET", f"{second.url}/messages"))}


def test_what_a_killed_process_left_half_written_harms_nobody(programs: Programs, tmp_path: Path) -> None:
    file = tmp_path / "messages.json"
    (tmp_path / "messages.json.part").write_text('[{"AuthorUsername": "a' * 100)
    api = programs.start("api", API_DB_FILEPATH=str(file))
    assert json.loads(file.read_text()) == []
    post(api.url, "whole")
    assert json.loads(file.read_text()) == [message("whole")]
    assert [each.name for each in tmp_path.glob("messages*")] == ["messages.json"]


@pytest.mark.parametrize("text", ["", '[{"AuthorUsername": "ada", "Te', '{"AuthorUsername": "ada", "Text": "hello"}'])
def test_a_damaged_file_is_named_and_left_alone(programs: Programs, tmp_path: Path, text: str) -> None:
    file = tmp_path / "messages.json"
    file.write_text(text)
    printed = programs.refusal("api", API_PORT=str(free_port()), API_DB_FILEPATH=str(file))
    assert "API_DB_FILEPATH" in printed
    assert f"{file} is damaged" in printed
    assert file.read_text() == text


def test_a_file_that_can_not_be_written_shows_at_the_start(programs: Programs, tmp_path: Path) -> None:
    file = tmp_path / "absent" / "messages.json"
    printed = programs.refusal("api", API_PORT=str(free_port()), API_DB_FILEPATH=str(file))
    assert "API_DB_FILEPATH" in printed
    assert "no such file or directory" in printed


def test_a_message_that_can_not_be_kept_is_not_accepted(programs: Programs, tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    api = programs.start("api", API_DB_FILEPATH=str(place / "messages.json"))
    (place / "messages.json").unlink()
    place.rmdir()
    assert post(api.url, "lost").status_code == 500
    assert ask("GET", f"{api.url}/messages").json() == []
    place.mkdir()
    assert said(post(api.url, "kept")) == [message("kept")]


def test_only_the_last_ten_thousand_messages_are_kept(programs: Programs, tmp_path: Path) -> None:
    file = tmp_path / "messages.json"
    file.write_text(json.dumps([message(f"message {number}") for number in range(10_000)]))
    api = programs.start("api", API_DB_FILEPATH=str(file))
    assert len(said(ask("GET", f"{api.url}/messages"))) == 10_000
    texts = [each["Text"] for each in said(post(api.url, "the newest"))]
    assert len(texts) == 10_000
    assert (texts[0], texts[-1]) == ("message 1", "the newest")


def test_long_messages_do_not_fill_the_memory(programs: Programs) -> None:
    api = programs.start("api")
    for number in range(60):
        assert post(api.url, f"{number} " + "<" * 15_000).status_code == 201  # each is 90 kB in JSON
    answer = post(api.url, "the newest")
    assert len(answer.content) < 5_000_000
    assert said(answer)[-1]["Text"] == "the newest"
    assert int(re.findall(r"VmHWM:\s+(\d+)", Path(f"/proc/{api.process.pid}/status").read_text())[0]) < 128 << 10


# How the programs start and end


@pytest.mark.parametrize("name", ["web", "api", "crawler"])
@pytest.mark.parametrize("port", ["0", "65536", "http", "tcp://10.96.0.7:80"])
def test_a_port_that_is_none_is_named_and_the_program_does_not_start(programs: Programs, name: str, port: str) -> None:
    variable = PORT_VARIABLE[name]
    printed = programs.refusal(name, **{variable: port}, CRAWLER_KEYWORDS="love")
    assert f'{variable} is "{port}"' in printed
    assert len(printed.splitlines()) == 1


@pytest.mark.parametrize("name", ["api", "crawler"])
def test_the_api_and_the_crawler_do_not_start_without_a_port(programs: Programs, name: str) -> None:
    assert f"{PORT_VARIABLE[name]} is not set" in programs.refusal(name, CRAWLER_KEYWORDS="love")


@pytest.mark.parametrize("url", ["synchatapi.internal", "ftp://host", "http://", "javascript:alert(1)"])
@pytest.mark.parametrize(("name", "variable"), [("web", "API_URL"), ("api", "CRAWLER_BASE_URL")])
def test_a_url_that_is_none_is_named(programs: Programs, name: str, variable: str, url: str) -> None:
    printed = programs.refusal(name, **{PORT_VARIABLE[name]: str(free_port()), variable: url})
    assert f'{variable} is "{url}"' in printed


@pytest.mark.parametrize("text", ["oh heck", "Darn it", "the dog is FETCHing"])
def test_the_api_falls_over_some_words_and_prints_which(programs: Programs, text: str) -> None:
    api = programs.start("api")
    with pytest.raises(httpx.TransportError):
        post(api.url, text)
    assert api.process.wait(END_S) > 0
    assert re.search('a message says "(heck|darn|fetch)"', api.printed())


def test_those_words_do_no_harm_in_a_name(programs: Programs) -> None:
    api = programs.start("api")
    assert post(api.url, "hello", "Heckler").status_code == 201


@pytest.mark.parametrize("name", ["web", "api", "crawler"])
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/absent", 404), ("POST", "/absent", 404), ("DELETE", None, 405), ("PUT", None, 405)],
)
def test_what_is_not_offered_is_said_so(
    programs: Programs, name: str, method: str, path: str | None, status: int
) -> None:
    program = programs.start(name, CRAWLER_KEYWORDS="love")
    offered = {"web": "/", "api": "/messages", "crawler": "/stats"}[name]
    answer = ask(method, program.url + (path or offered))
    assert answer.status_code == status
    assert ("GET" in answer.headers.get("Allow", "")) == (status == 405)


def test_a_request_in_flight_is_finished_when_the_api_is_asked_to_end(programs: Programs) -> None:
    asked, released = threading.Event(), threading.Event()

    def slowly(handler: BaseHTTPRequestHandler) -> None:
        asked.set()
        released.wait(START_S)
        respond(200, '{"love": 12}')(handler)

    with crawler_that(slowly) as url, ThreadPoolExecutor() as pool:
        api = programs.start("api", CRAWLER_BASE_URL=url)
        pending = pool.submit(post, api.url, "/stats")
        assert asked.wait(START_S)
        api.process.send_signal(signal.SIGTERM)
        until = time.monotonic() + END_S
        while "ending as asked" not in api.printed() and time.monotonic() < until:
            time.sleep(0.02)
        released.set()
        answer = pending.result()
    assert answer.status_code == 201
    assert "love 12" in said(answer)[1]["Text"]
    assert answer.headers["Connection"] == "close"
    assert api.process.wait(END_S) == 0


@pytest.mark.parametrize("name", ["web", "api", "crawler"])
def test_an_idle_connection_does_not_hold_a_program_that_is_asked_to_end(programs: Programs, name: str) -> None:
    program = programs.start(name, CRAWLER_KEYWORDS="love")
    with httpx.Client(trust_env=False) as client:
        client.get(f"{program.url}/healthz")
        began = time.monotonic()
        assert program.end() == 0
        assert time.monotonic() - began < 2


def test_a_client_that_says_nothing_is_not_waited_for(programs: Programs) -> None:
    api = programs.start("api")
    host, port = api.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=START_S) as client:
        client.sendall(b"GET /messages HTTP/1.1\r\n")
        assert client.recv(1000) == b""


def test_every_request_is_one_line_of_the_log_and_probes_are_none(programs: Programs) -> None:
    api = programs.start("api")
    before = len(api.printed().splitlines())
    ask("GET", f"{api.url}/healthz")
    ask("GET", f"{api.url}/messages", headers={"User-Agent": "kube-probe/1.36"})
    ask("GET", f"{api.url}/a%0Aforged%20line")
    post(api.url, "hello")
    first, second = api.printed().splitlines()[before:]
    assert re.search(r"method=GET path=.*forged line.* status=404", first)
    assert re.search(r"method=POST path=/messages status=201", second)
