"""The page of results of the fault tests, and when a run writes it."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from local.paths import REPOSITORY
from tests.faults.marks import Fault, faults_in
from tests.faults.results import Outcome, page

pytest_plugins = ["pytester"]
FAULT = Fault("etcd | is eaten", "it starts again")
DAY = datetime(2026, 3, 1, tzinfo=UTC)


def outcome(variant: str, result: str = "passed", seconds: float = 2, test: str = "test_etcd") -> Outcome:
    file = "tests/faults/test_etcd.py"
    return Outcome(file=file, test=test, variant=variant, fault=FAULT, result=result, seconds=seconds)


def row(*outcomes: Outcome) -> str:
    (line,) = [line for line in page(outcomes, 7, DAY).splitlines() if "is eaten" in line]
    return line


def test_a_row_has_the_fault_and_both_results() -> None:
    assert row(outcome("without"), outcome("with", "failed", 61.6)) == (
        "| etcd \\| is eaten | it starts again | passed, 2 s | failed, 62 s | 300 s "
        "| [test_etcd.py](../tests/faults/test_etcd.py) |"
    )


def test_many_runs_of_a_test_are_counted_and_those_that_failed_are_named() -> None:
    runs = [outcome("without-up"), outcome("01-up", seconds=9), outcome("02-up", "failed", 40), outcome("03-up")]
    assert "| passed, 2 s | 2 passed, 1 failed (02-up), 2 to 40 s |" in row(*runs)


def test_a_test_without_a_twin_says_so() -> None:
    assert "| none | skipped |" in row(outcome("with", "skipped", 0))


def test_the_page_says_when_and_how_it_was_made() -> None:
    assert "2026-03-01, seed 7. To repeat it, type `make faults SEED=7`." in page([], 7, DAY)


def test_the_faults_of_other_tests_are_found_without_importing_them(tmp_path: Path) -> None:
    (tmp_path / "test_one.py").write_text(
        'import nothing\n@pytest.mark.fault("it " "ends", must="it starts", limit_s=5)\ndef test_one(): ...\n'
    )
    assert list(faults_in(tmp_path)) == [(tmp_path / "test_one.py", Fault("it ends", "it starts", 5))]


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A suite with the fixtures of the fault tests, of which one test never ends."""
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    pytester.makeconftest(f"""
        from pathlib import Path
        from tests.faults import results
        from tests.faults.conftest import *
        results.SUITE = Path({str(pytester.path)!r})
    """)
    pytester.makeini("[pytest]\nmarkers = fault")
    pytester.makepyfile("""
        import pytest, time
        @pytest.mark.fault("it sleeps", "it ends", limit_s=0.2)
        def test_end(injected, chance):
            print("drawn", chance.random())
            if injected:
                time.sleep(60)
        def test_more():
            pass
    """)
    return pytester


def run(suite: pytest.Pytester, *arguments: str) -> tuple[pytest.RunResult, Path]:
    options = ("--results", "page.md", "--kept", "kept.jsonl", "-p", "no:cacheprovider", "-s")
    return suite.runpytest_subprocess(*options, *arguments), suite.path / "page.md"


def test_a_test_that_is_over_its_limit_fails_and_its_twin_makes_the_same_choices(suite: pytest.Pytester) -> None:
    ended, written = run(suite, "--seed=3", ".")
    ended.assert_outcomes(passed=2, failed=1)
    ended.stdout.fnmatch_lines(["*not done within its time limit of 0 s*"])
    assert len(set(re.findall(r"drawn 0\.\d+", ended.stdout.str()))) == 1
    assert "| it sleeps | it ends | passed, 0 s | failed, 0 s |" in written.read_text()
    assert "SEED=3" in written.read_text()


@pytest.mark.parametrize("selection", [("-k", "without", "."), ("-x", "."), ("test_a_test_that*",), ("--co", ".")])
def test_a_run_that_is_not_a_whole_one_leaves_the_page_as_it_is(
    suite: pytest.Pytester, selection: tuple[str, ...]
) -> None:
    if "*" in selection[0]:
        selection = tuple(path.name for path in suite.path.glob("test_*.py"))
    _, written = run(suite, *selection)
    assert not written.exists()


def test_a_run_that_was_cut_off_goes_on_without_the_tests_that_passed(suite: pytest.Pytester) -> None:
    _, written = run(suite, "-x", ".")
    assert not written.exists()
    ended, written = run(suite, ".")
    ended.assert_outcomes(passed=1, failed=1)
    assert "| it sleeps | it ends | passed, 0 s | failed, 0 s |" in written.read_text()
