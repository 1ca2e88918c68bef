"""What the comparisons say of the figures that they are given: medians, ratios, targets, errors, and whose folder is removed."""

import pathlib
import tempfile
import unittest

import peers
import places
import plot
import publish
from table import Figure, Table


def figure(ours, theirs=(), sign="≤", bound=0.5, kind="ratio", errors=0):
    f = Figure("key", "name", "µs", sign, bound, kind=kind, peer="peer")
    f.ours, f.theirs, f.errors = list(ours), list(theirs), errors
    return f


class Figures(unittest.TestCase):
    def test_a_target_is_about_medians_so_that_one_bad_round_spoils_nothing(self):
        f = figure([1, 1, 1, 1, 90], [4, 4, 4, 4, 4])
        self.assertEqual(f.measured(), 0.25)
        self.assertTrue(f.held())
        self.assertEqual(f.spread(), (0.25, 22.5))

    def test_a_figure_with_an_error_of_ours_is_not_held(self):
        self.assertFalse(figure([1], [4], errors=1).held())

    def test_a_figure_without_its_peer_says_nothing(self):
        self.assertIsNone(figure([1]).held())

    def test_of_several_peers_the_best_counts(self):
        f = figure([1, 1])
        for value in (2, 2):
            f.rival("slow", 9, 0, min)
            f.rival("fast", value, 0, min)
        self.assertEqual((f.peer, f.measured()), ("fast", 0.5))

    def test_each_line_of_the_table_has_the_errors_of_both(self):
        table = Table()
        table.figures.append(figure([1], [4]))
        table.figures[0].peer_errors = 3
        self.assertTrue(table.text().splitlines()[2].endswith("0 / 3"))

    def test_what_is_published_stands_between_its_marks_and_leaves_the_rest(self):
        page = "a\n<!-- targets: begin -->\nold\n<!-- targets: end -->\nz\n"
        self.assertEqual(publish.put(page, "targets", "new\n"), page.replace("old", "new"))

    def test_a_chart_has_a_point_for_each_value(self):
        self.assertEqual(plot.chart("t", "x", "y", {"a": [(1, 2), (10, 3), (100, 0)]}).count("<circle"), 3)


class Stacks(unittest.TestCase):
    def test_two_stacks_at_once_have_sockets_of_their_own(self):
        self.assertEqual(len({*peers.stack_sockets(3), *peers.stack_sockets(3)}), 6)


class Folders(unittest.TestCase):
    def test_a_folder_with_files_of_others_is_never_taken_and_so_never_removed(self):
        with tempfile.TemporaryDirectory() as name:
            theirs, ours = pathlib.Path(name) / "theirs", pathlib.Path(name) / "ours"
            theirs.mkdir()
            (theirs / "letter").touch()
            self.assertRaises(places.Trouble, places.own, theirs)
            places.own(ours)
            (ours / "logs").touch()
            places.own(ours)


if __name__ == "__main__":
    unittest.main()
