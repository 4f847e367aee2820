"""Columns of `make status` and `make config`."""

from tools.columns import aligned


def test_every_cell_but_the_last_is_padded_to_the_width_of_its_column() -> None:
    assert aligned([("what", "name", "text"), ("Gateway", "app", "one line   with blanks ")]) == [
        "what     name  text",
        "Gateway  app   one line   with blanks ",
    ]


def test_a_row_without_a_last_cell_ends_with_its_last_word() -> None:
    assert aligned([("what", "state", ""), ("Gateway", "ok", "")]) == ["what     state", "Gateway  ok"]
