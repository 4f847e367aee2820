"""Judges by the node's status and lease in the API server whether kubelet reports."""

import time
from collections.abc import Callable

from local.cluster.moment import Moment

# kubelet renews the lease every 10 s. It writes the node's status before the second renewal.
_RENEWALS_OF_A_RUNNING_KUBELET = 2


class KubeletReports:
    """The reports of kubelet since its start. Every observation needs the start of the present kubelet process.

    The stored status may come from a kubelet that has ended. kubelet writes timestamps by the clock, which can be set.
    A timestamp from after kubelet's start is enough; otherwise two renewals of the lease must be observed.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kubelet: Moment | None = None
        self._reported = False
        self._renewals = 0
        self._renewed_at: str | None = None
        self._last_renewal = clock()

    def observe(self, kubelet: Moment, heartbeat: str | None, renewed_at: str | None) -> None:
        """Take in the status's lastHeartbeatTime and the lease's renewTime. Each may be missing."""
        if kubelet != self._kubelet:
            self._kubelet, self._reported, self._renewals = kubelet, False, 0
            self._renewed_at, self._last_renewal = renewed_at, self._clock()
        elif renewed_at != self._renewed_at:
            self._renewals += 1
            self._renewed_at, self._last_renewal = renewed_at, self._clock()
        if kubelet.precedes(heartbeat) or self._renewals >= _RENEWALS_OF_A_RUNNING_KUBELET:
            self._reported = True

    @property
    def reported(self) -> bool:
        """Whether the node's status comes from the present kubelet process."""
        return self._reported

    @property
    def silent_s(self) -> float:
        """The seconds since the lease was last seen to change."""
        return self._clock() - self._last_renewal
