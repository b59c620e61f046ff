"""A person at work is killed at random points, again and again over the same data folder."""

from __future__ import annotations

import os
import random
from pathlib import Path

from tests.store.people import Journal, People, check

KILLS = int(os.environ.get("INGLENOOK_KILLS", "12"))


def test_a_person_killed_at_random_points_has_all_that_was_sent_and_all_but_the_last_second_of_answers(
    tmp_path: Path,
) -> None:
    chance = random.Random(5)
    journal = Journal()
    data = tmp_path / "data"
    with People() as people:
        for number in range(KILLS):
            # Some die while they start, most in the middle of something, a few after they are done.
            after = chance.choice((chance.uniform(0, 0.1), chance.uniform(0.1, 1.0), chance.uniform(1.0, 2.5)))
            ended_at = people.work(data, tmp_path / f"{number}.journal", number, 30, kill_after=after)
            written = tmp_path / f"{number}.journal"
            own = Journal()
            for acknowledged in (own, journal):
                acknowledged.read(written, ended_at)
            check(data, own)
    check(data, journal)
    print(f"{KILLS} kills: {len(journal.sent)} messages sent, {len(journal.ended)} answers ended, all there")
    assert len(journal.sent) > KILLS // 2
