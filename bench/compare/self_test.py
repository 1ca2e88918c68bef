"""What the comparisons say of the figures that they are given: medians, ratios, targets, errors, bends, whom they ask, and whose folder is removed."""

import http.server
import os
import pathlib
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import types
import unittest
from unittest import mock

import api
import bends
import growth
import loader
import main
import peers
import places
import plot
import processes
import publish
import rounds
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

    def test_a_target_that_was_not_tried_is_neither_held_nor_missed(self):
        table = Table()
        f = table.add("key", "name", "MiB", "≤", 40, kind="value")
        api.put_memory(f, -173)
        self.assertIsNone(f.held())
        self.assertIn("not tried", table.text())
        for value in (24, 24):
            api.put_memory(f, value)
        self.assertTrue(f.held())
        self.assertNotIn("not tried", table.text())

    def test_where_nothing_was_answered_nothing_is_measured_and_the_errors_count(self):
        f = figure([], [4])
        rounds.record(f, True, types.SimpleNamespace(errors=7, examples=[], doubts=[]), None)
        self.assertEqual((f.ours, f.errors, f.measured(), f.held()), ([], 7, None, None))

    def test_each_kind_of_doubt_is_told_once_for_each_side(self):
        f = figure([])
        for share, late in ((91, []), (97, ["late by 1.5 ms"]), (0, [])):
            doubts = ([f"the generator used {share} % of its core"] if share else []) + late
            rounds.record(f, True, types.SimpleNamespace(errors=0, examples=[], doubts=doubts), 1)
        rounds.record_doubts(f, "nginx", types.SimpleNamespace(doubts=["late by 20.25 ms"]))
        self.assertEqual(f.all_notes(), ["ours, in 2 of 3 runs: the generator used 91 % of its core", "ours, in 1 of 3 runs: late by 1.5 ms",
                                         "nginx, in 1 of 1 runs: late by 20.25 ms"])

    def test_a_missed_target_is_an_error_for_who_asks_for_it(self):
        table = Table()
        table.figures.append(figure([1], [4]))
        self.assertEqual([main.exit_code(0, table, True, strict) for strict in (False, True)], [0, 0])
        self.assertEqual(main.exit_code(0, table, False, True), 3)
        table.figures.append(figure([3], [4]))
        self.assertEqual([main.exit_code(0, table, True, strict) for strict in (False, True)], [0, 3])
        self.assertEqual([main.exit_code(code, table, False, True) for code in (1, 130)], [1, 130])

    def test_the_commit_is_that_of_the_beginning(self):
        with mock.patch("table.commit", lambda: "first"):
            table = Table()
        with mock.patch("table.commit", lambda: "second"):
            self.assertEqual(table.facts()["commit"], "first")

    def test_each_line_of_the_table_has_the_errors_of_both(self):
        table = Table()
        table.figures.append(figure([1], [4]))
        table.figures[0].peer_errors = 3
        self.assertTrue(table.text().splitlines()[2].endswith("0 / 3"))

    def test_what_is_published_stands_between_its_marks_and_leaves_the_rest(self):
        page = "a\n<!-- targets: begin -->\nold\n<!-- targets: end -->\nz\n"
        self.assertEqual(publish.put(page, "targets", "new\n"), page.replace("old", "new"))

    def test_part_of_a_table_is_not_published(self):
        main.check_whole({"api": [], "proxy": [], "loader": []})
        main.check_whole({"growth": []})
        for wanted in ({"api": []}, {"growth": ["pages"]}, {"api": ["cached"], "proxy": [], "loader": []}, {"api": [], "growth": []}):
            with self.assertRaises(places.Trouble):
                main.check_whole(wanted)

    def test_a_chart_has_a_point_for_each_value(self):
        self.assertEqual(plot.chart("t", "x", "y", {"a": [(1, 2), (10, 3), (100, 0)]}).count("<circle"), 3)


class Loading(unittest.TestCase):
    FILES = {"reviews": 100, "answers": 50}

    def test_of_clean_files_every_row_must_be_there(self):
        self.assertEqual(loader.miscounted(self.FILES, {"reviews": 100, "answers": 50}), {})
        self.assertEqual(loader.miscounted(self.FILES, {"reviews": 98, "answers": 51}), {"reviews": 2, "answers": 1})

    def test_of_damaged_files_the_report_accounts_for_every_row_and_the_tables_have_what_it_says(self):
        def became(loaded, repaired, rejected, duplicates):
            return {"loaded": loaded, "repaired": repaired, "rejected": rejected, "duplicates": duplicates}
        tables = {"reviews": 97, "answers": 50}
        good = {"reviews": became(90, 7, 2, 1), "answers": became(50, 0, 0, 0)}
        self.assertEqual(loader.miscounted(self.FILES, tables, good), {})
        self.assertEqual(loader.miscounted(self.FILES, tables, {**good, "reviews": became(90, 7, 1, 1)}), {"reviews": 1})
        self.assertEqual(loader.miscounted(self.FILES, {**tables, "reviews": 95}, good), {"reviews": 2})
        self.assertEqual(loader.miscounted(self.FILES, tables, {"answers": good["answers"]}), {"reviews": 100 + 97})

    def test_a_row_that_is_not_where_it_should_be_is_an_error_of_its_side(self):
        f = figure([1], [4])
        loader.put_wrong(f, loader.Loaded(1, 2, {}))
        self.assertTrue(f.held())
        loader.put_wrong(f, loader.Loaded(1, 2, {"reviews": 2, "answers": 1}))
        loader.put_wrong(f, loader.Loaded(1, None, {"reviews": 5}), ours=False)
        self.assertEqual((f.errors, f.peer_errors, f.held()), (3, 5, False))
        self.assertIn("ours failed, for example: 2 rows of reviews are missing or too many, 1 rows of answers are missing or too many", f.notes)


class Asking(unittest.TestCase):
    def test_a_server_is_asked_at_its_port_and_at_its_socket(self):
        class Answers(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(204 if self.path == "/ready" else 404)
                self.end_headers()

            def log_message(self, *_):
                pass

        class AtSocket(socketserver.ThreadingUnixStreamServer):
            def get_request(self):
                return super().get_request()[0], ("", 0)

        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "worker.socket"
            for server, where in ((http.server.HTTPServer(("127.0.0.1", 0), Answers), None), (AtSocket(str(path), Answers), path)):
                with server:
                    thread = threading.Thread(target=server.serve_forever, daemon=True)
                    thread.start()
                    where = where or server.server_port
                    self.assertEqual([peers.status_of(where, target) for target in ("/ready", "/else")], [204, 404])
                    server.shutdown()


class Bends(unittest.TestCase):
    def test_a_bend_is_where_the_next_point_is_not_what_the_last_one_promised(self):
        self.assertEqual(bends.bends([(1, 100), (2, 195), (3, 205)], bends.proportional), [3])
        self.assertEqual(bends.bends([(16, 10), (64, 10.5), (256, 14)], bends.flat), [256])

    def test_the_reason_is_whoever_had_no_time_left(self):
        self.assertIn("no core was free", bends.limit({"workers": 0.8, "PostgreSQL": 0.7, "generator": 0.2}, 2))
        self.assertIn("waited for one another", bends.limit({"workers": 0.8, "PostgreSQL": 0.6, "generator": 0.2}, 2))
        self.assertIn("workers had no time left", bends.limit({"workers": 0.97, "PostgreSQL": 0.3, "generator": 0.2}, 8))
        self.assertIn("the generator was the limit", bends.limit({"workers": 0.5, "generator": 0.97}, 8))
        self.assertIn("something else used this machine", bends.limit({"workers": 0.2, "generator": 0.1, "others": 1.7}, 2))
        self.assertIn("waited for one another", bends.limit({"workers": 0.5, "generator": 0.3}, 8))

    def test_the_reason_stands_at_the_bend_and_nowhere_else(self):
        figures = {n: figure([n]) for n in (1, 2, 3)}
        bends.explain(figures, [(1, 100), (2, 195), (3, 205)], bends.proportional, lambda n: f"{n} workers")
        self.assertEqual([f.notes for f in figures.values()], [[], [], ["the curve bends here: 3 workers"]])

    def test_what_moved_with_a_curve_is_its_reason_and_what_did_not_is_none(self):
        cpu = {n: figure([cost]) for n, cost in ((16, 10), (64, 5), (256, 9), (1024, 15))}
        measured = {16: (15, 1.0), 64: (15, 0.4), 256: (16, 0.4), 1024: (22, 0.2)}

        def why(n):
            return growth.beside(cpu, n, lambda x: {"memory": bends.Measured(measured[x][0], f"{measured[x][0]} MiB", least=2),
                                                   "waits": bends.Measured(measured[x][1], f"{measured[x][1]}")})
        self.assertEqual(why(64), "waits 1.0 → 0.4")
        self.assertEqual(why(256), "not explained by what was measured: memory 15 MiB → 16 MiB, waits 0.4 → 0.4")
        self.assertEqual(why(1024), "memory 16 MiB → 22 MiB")

    def test_a_rate_falls_with_a_cost_that_rises(self):
        rate, cost = {1: figure([100]), 2: figure([50])}, {1: bends.Measured(10, "10 µs"), 2: bends.Measured(20, "20 µs")}
        self.assertEqual(growth.beside(rate, 2, lambda n: {"CPU": cost[n]}, is_cost=False), "CPU 10 µs → 20 µs")
        self.assertIn("not explained", growth.beside(rate, 2, lambda n: {"CPU": cost[3 - n]}, is_cost=False))

    def test_a_difference_from_which_nothing_comes_is_no_reason(self):
        one, two = {"others": bends.Measured(0.0, "0.00", least=0.05)}, {"others": bends.Measured(0.01, "0.01", least=0.05)}
        self.assertIn("not explained", bends.reason(1.5, one, two))

    def test_the_rows_of_a_curve_have_names_of_their_own(self):
        table, run = Table(), types.SimpleNamespace(errors=0, examples=[], doubts=[], rate=1, cpu_us=1, answered=1, bytes_each=1, latency_ms={"p99": 1}, late_ms=0.1,
                                                    busy={"the worker": 1, "workers": 1, "the proxy": 1, "PostgreSQL": 1, "generator": 0.1, "others": 0})
        server = mock.MagicMock()
        server.sql.return_value = "1"
        with mock.patch.multiple(growth, serving=lambda _: (server, {}), load=lambda *_, **__: run, settle=mock.DEFAULT, draw=mock.DEFAULT, peers=mock.DEFAULT,
                                 waits=lambda _: 1, resident_mib=lambda _: (1, 1), stop_all=mock.DEFAULT):
            growth.with_workers(table, rounds.Plan(True, 1, 1, 1), 1000)
            growth.with_connections(table, rounds.Plan(True, 1, 1, 1), 1000)
            growth.with_pages(table, rounds.Plan(True, 1, 1, 1), 1000)
        names = [f.name for f in table.figures]
        self.assertEqual(len(set(names)), len(names), names)


class Stacks(unittest.TestCase):
    def test_two_stacks_at_once_have_sockets_of_their_own(self):
        self.assertEqual(len({*peers.stack_sockets(3), *peers.stack_sockets(3)}), 6)


def may_run_first():
    asks = "import os; os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))"
    return subprocess.run([sys.executable, "-c", asks], stderr=subprocess.DEVNULL).returncode == 0


class Families(unittest.TestCase):
    def test_children_belong_to_the_family_and_who_has_ended_is_alone(self):
        child = subprocess.Popen(["sleep", "60"])
        try:
            self.assertIn(child.pid, processes.family(os.getpid()))
        finally:
            child.kill()
            child.wait()
        self.assertEqual(processes.family(child.pid), [child.pid])
        self.assertEqual(processes.cpu_seconds([child]), 0)

    @unittest.skipUnless(may_run_first(), "needs CAP_SYS_NICE")
    def test_who_runs_first_is_told_so_with_all_threads_and_the_rest_goes_on_as_it_was(self):
        two_threads = "import threading, time; threading.Thread(target=time.sleep, args=(60,), daemon=True).start(); print(flush=True); time.sleep(60)"
        child = subprocess.Popen([sys.executable, "-c", two_threads], stdout=subprocess.PIPE)
        try:
            child.stdout.readline()
            self.assertTrue(processes.run_first(child.pid))
            self.assertEqual([os.sched_getscheduler(int(task)) for task in os.listdir(f"/proc/{child.pid}/task")], [os.SCHED_FIFO] * 2)
            self.assertEqual(os.sched_getscheduler(0), os.SCHED_OTHER)
        finally:
            child.kill()
            child.communicate()
        self.assertFalse(processes.run_first(child.pid))


class Rounds(unittest.TestCase):
    def test_a_run_from_which_processor_time_was_taken_is_measured_again_and_the_least_disturbed_counts(self):
        for taken, counts, repeated, left in (([0.0], "a", 0, 0), ([0.02, 0.0], "b", 1, 0), ([0.03, 0.01, 0.02, 0.05], "b", 3, 1)):
            clock = [0.0]
            runs, undisturbed = iter(zip("abcd", taken)), rounds.Undisturbed()

            def measure():
                name, stolen = next(runs)
                clock[0] += stolen
                return types.SimpleNamespace(name=name, errors=1)
            with mock.patch.object(rounds, "stolen_seconds", lambda: clock[0]):
                run = undisturbed.run(measure)
            self.assertEqual((run.name, run.errors), (counts, len(taken)))
            self.assertEqual((undisturbed.measured, undisturbed.repeated, undisturbed.left), (1, repeated, left))

    def test_short_rounds_take_no_longer_and_are_no_shorter_than_a_second(self):
        for seconds, quick, count in ((None, False, 25), (None, True, 15), (1, True, 5)):
            plan = rounds.Plan(quick, 1, rounds=5, seconds=seconds)
            short = plan.in_short_rounds()
            self.assertEqual((short.rounds, short.until), (count, plan.until))
            self.assertAlmostEqual(short.rounds * (short.seconds + short.warm_up), plan.rounds * (plan.seconds + plan.warm_up))
            self.assertGreaterEqual(short.seconds, 1)


class Memory(unittest.TestCase):
    def test_the_most_that_the_kernel_took_meanwhile_is_what_counts(self):
        slab = [100_000]
        with mock.patch.object(processes.KernelMemory, "now", lambda _: slab[0]):
            with processes.KernelMemory() as kernel:
                slab[0] = 104_096
                while kernel.most < 4096:
                    time.sleep(0.01)
                slab[0] = 99_000
        self.assertEqual(kernel.mib, 4)
        self.assertGreater(processes.KernelMemory.now(), 0)


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
