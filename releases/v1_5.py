"""Envoy Gateway 1.5."""

from datetime import date

from releases.line import Line

LINE = Line(release=(1, 5), newest="1.5.9", end_of_life=date(2026, 2, 13), gateway_api="1.3.0")
