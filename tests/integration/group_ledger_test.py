"""The ledger of groups finds each kind of wrong, and nothing in what is right."""

import sys
import unittest

from group_ledger import Ledger


class LedgerTest(unittest.TestCase):
    def setUp(self):
        self.ledger = Ledger()

    def found(self, *words):
        self.assertEqual(len(self.ledger.violations), 1, self.ledger.violations)
        for word in words:
            self.assertIn(word, self.ledger.violations[0])

    def share(self, generation, member, *partitions):
        self.ledger.take_share("g", generation, member, set(partitions))

    def commit(self, generation, newest=-1):
        offset = self.ledger.next_offset("g", 0)
        self.ledger.acknowledge("g", 0, offset, generation, newest)
        return offset

    def look(self, offset, metadata=None, floors=None):
        text = str(offset) if metadata is None else metadata
        self.ledger.fetch("g", {0: (offset, text)}, floors or self.ledger.floors("g", [0]))

    def test_two_generations_have_an_owner_each(self):
        self.ledger.divide("g", 1, {"a": {0, 1}})
        self.ledger.divide("g", 2, {"a": {0}, "b": {1}})
        self.share(1, "a", 0, 1)
        self.share(2, "a", 0)
        self.share(2, "b", 1)
        self.share(2, "b", 1)
        self.assertEqual(self.ledger.violations, [])

    def test_two_owners_in_one_generation(self):
        self.ledger.divide("g", 1, {"a": {0, 1}, "b": {1}})
        self.share(1, "a", 0, 1)
        self.share(1, "b", 1)
        self.found("partition 1 belongs to a and to b")

    def test_shares_of_two_tries_are_two_owners(self):
        self.ledger.divide("g", 1, {"a": {0}, "b": {1}})
        self.ledger.divide("g", 1, {"a": {1}, "b": {0}})
        self.share(1, "a", 0)
        self.share(1, "b", 0)
        self.found("partition 0 belongs to a and to b")

    def test_a_share_that_no_leader_gave(self):
        self.ledger.divide("g", 1, {"a": {0}})
        self.share(1, "b", 1)
        self.found("no leader's division")

    def test_what_was_acknowledged_is_there(self):
        self.commit(1)
        second = self.commit(1)
        self.look(second)
        self.assertEqual(self.ledger.violations, [])

    def test_a_commit_is_lost(self):
        first = self.commit(1)
        self.commit(1)
        self.look(first)
        self.found("2 was committed, 1 is there")

    def test_all_commits_are_lost(self):
        self.commit(1)
        self.ledger.fetch("g", {}, self.ledger.floors("g", [0]))
        self.found("1 was committed, -1 is there")

    def test_what_was_seen_goes_back(self):
        self.ledger.next_offset("g", 0)
        self.look(1)
        self.look(-1, "")
        self.found("1 was committed, -1 is there")

    def test_a_commit_that_comes_while_a_fetch_is_under_way_may_be_missing(self):
        floors = self.ledger.floors("g", [0])
        self.commit(1)
        self.look(-1, "", floors)
        self.assertEqual(self.ledger.violations, [])

    def test_an_offset_that_nobody_committed(self):
        self.look(7)
        self.found("nobody committed")

    def test_an_offset_with_the_note_of_another(self):
        self.look(self.commit(1), "3")
        self.found("nobody committed")

    def test_a_refused_commit_is_there(self):
        self.ledger.refuse("g", 0, self.ledger.next_offset("g", 0), 1, 2)
        self.assertEqual(self.ledger.stale_refused, 1)
        self.look(1)
        self.found("was refused")

    def test_a_commit_of_a_generation_that_is_over(self):
        self.ledger.divide("g", 2, {"a": {0}})
        self.share(2, "a", 0)
        self.commit(1, self.ledger.newest["g"])
        self.found("of generation 1 was taken in generation 2")


if __name__ == "__main__":
    result = unittest.TextTestRunner(stream=sys.stdout).run(
        unittest.defaultTestLoader.loadTestsFromTestCase(LedgerTest))
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad} passed, {bad} failed")
    sys.exit(1 if bad else 0)
