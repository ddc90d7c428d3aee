"""Branches against a model of plain lists: whatever is appended and forked, every path reads as the model says."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from convo.store.branches import Place
from support.stored import Database

MODERATE = settings(
    max_examples=25,
    stateful_step_count=30,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)


class Paths(RuleBasedStateMachine):
    """Appends, forks and reads in one conversation. The model: a list of texts for each branch."""

    places = Bundle("places")
    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[int, list[str]] = {}
        self.known: dict[int, Place] = {}
        self.written = 0

    @initialize(target=places)
    def begin(self) -> Place:
        return self._know(self.database.create(), [])

    def _know(self, place: Place, path: list[str]) -> Place:
        self.model[place.branch_no] = path
        self.known[place.branch_no] = place
        return place

    @rule(place=places, count=st.integers(1, 4))
    def append(self, place: Place, count: int) -> None:
        texts = [f"{self.written + offset} on {place.branch_no}" for offset in range(count)]
        self.written += count
        entries = self.database.append(place, *texts)
        path = self.model[place.branch_no]
        assert [entry.seq for entry in entries] == [len(path) + offset for offset in range(1, count + 1)]
        path += texts

    @rule(target=places, place=places, where=st.floats(0, 1))
    def fork(self, place: Place, where: float) -> Place:
        path = self.model[place.branch_no]
        seq = round(where * len(path))
        side = self.database.fork(place, seq)
        assert side.branch_no == len(self.model)
        return self._know(side, path[:seq])

    @rule(target=places, place=places)
    def fork_at_the_head_and_write_on_both(self, place: Place) -> Place:
        path = self.model[place.branch_no]
        side = self._know(self.database.fork(place, len(path)), [*path])
        self.append(place, 1)
        self.append(side, 2)
        return side

    @rule(place=places, where=st.floats(0, 1))
    def read_the_end_of_a_path(self, place: Place, where: float) -> None:
        path = self.model[place.branch_no]
        after = round(where * len(path))
        assert self.database.texts(place, after) == path[after:]

    @rule(place=places)
    def a_head_is_where_the_path_ends(self, place: Place) -> None:
        assert self.database.state(place).branch.head_seq == len(self.model[place.branch_no])

    def teardown(self) -> None:
        for number, place in self.known.items():
            entries = self.database.path(place)
            assert [entry.text for entry in entries] == self.model[number]
            assert [entry.seq for entry in entries] == [*range(1, len(entries) + 1)]


def test_every_path_reads_as_the_lists_say(database: Database) -> None:
    class OnThisDatabase(Paths):
        pass

    OnThisDatabase.database = database
    run_state_machine_as_test(OnThisDatabase, settings=MODERATE)
