"""Pairs of measurements: written by section, with the ratio of each turn."""

import json

from tests.bench.pairs import Pair, in_turns, record


def test_sections_are_kept_and_ratios_are_of_one_turn(tmp_path, capsys):
    pair = Pair("reading", "seconds", [1.0, 4.0, 2.0], [2.0, 4.0, 1.0], "pandas")
    record("first", [pair], tmp_path)
    record("second", [pair], tmp_path)
    record("second", [pair], tmp_path)
    written = json.loads((tmp_path / "bench.json").read_text())
    assert set(written) == {"first", "second"}
    assert written["second"][0]["ratios"] == [0.5, 1.0, 2.0]
    assert (tmp_path / "bench.png").stat().st_size > 1000
    words = "reading: 2 seconds, pandas 2; 1.00 [0.50, 2.00] times as much"
    assert words in capsys.readouterr().out


def test_ways_are_measured_in_turns():
    order = []

    def way(name):
        def measure():
            order.append(name)
            return {"seconds": len(order)}

        return measure

    found = in_turns({"ours": way("ours"), "other": way("other")}, repeats=2)
    assert order == ["ours", "other", "ours", "other"]
    assert found == {"seconds": {"ours": [1, 3], "other": [2, 4]}}
