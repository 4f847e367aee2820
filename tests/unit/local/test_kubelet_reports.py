"""What proves that kubelet reports: its timestamps, or renewals of its lease."""

from datetime import UTC, datetime, timedelta

from local.cluster.kubelet_reports import KubeletReports
from local.cluster.moment import Moment

OLD = "2020-01-01T00:00:00Z"


class Time:
    def __init__(self) -> None:
        self.s = 100.0

    def __call__(self) -> float:
        return self.s


def now() -> str:
    return datetime.now(UTC).isoformat()


def test_a_heartbeat_since_the_start_is_enough() -> None:
    reports = KubeletReports()
    reports.observe(Moment(), now(), None)
    assert reports.reported


def test_the_heartbeat_of_an_earlier_kubelet_is_not_enough() -> None:
    reports, kubelet = KubeletReports(), Moment()
    heartbeat = (kubelet.clock - timedelta(seconds=5)).isoformat()
    reports.observe(kubelet, now(), "1")
    assert reports.reported
    reports.observe(Moment(), heartbeat, "2")
    assert not reports.reported


def test_two_renewals_are_enough_when_the_clock_is_wrong() -> None:
    reports, kubelet = KubeletReports(), Moment()
    observed: list[bool] = []
    for renewal in ("1", "1", "2", "2", "3"):
        reports.observe(kubelet, OLD, renewal)
        observed.append(reports.reported)
    assert observed == [False, False, False, False, True]


def test_a_kubelet_that_has_reported_stays_so_when_the_clock_is_set_back_or_a_field_is_removed() -> None:
    reports, kubelet = KubeletReports(), Moment()
    reports.observe(kubelet, now(), "1")
    reports.observe(kubelet, OLD, "2")
    reports.observe(kubelet, None, None)
    assert reports.reported


def test_silence_is_the_time_without_a_renewal_whatever_the_timestamps_say() -> None:
    time = Time()
    reports, kubelet = KubeletReports(time), Moment()
    reports.observe(kubelet, now(), OLD)
    time.s += 61
    reports.observe(kubelet, now(), OLD)
    assert reports.silent_s == 61
    reports.observe(kubelet, now(), "2019-01-01T00:00:00Z")
    assert reports.silent_s == 0


def test_a_lease_without_a_renewal_is_silent() -> None:
    time = Time()
    reports, kubelet = KubeletReports(time), Moment()
    reports.observe(kubelet, now(), None)
    time.s += 90
    reports.observe(kubelet, now(), None)
    assert reports.silent_s == 90
