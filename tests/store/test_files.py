"""The files around a database: private, never dropped, replaced as one; and the lock of the window."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import struct
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest

from app.store import marks
from app.store.conversations import ConversationStore
from app.store.database import open_database
from app.store.errors import DamagedDatabaseError
from app.store.files import index_of_log, keep_private, log_of, replace_database, set_aside
from app.store.lock import InstanceLock
from tests.store.conftest import REPOSITORY, StartChild
from tests.store.test_crashes import kill, read_line


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def make(path: Path, *titles: str) -> None:
    with closing(open_database(path)) as database:
        store = ConversationStore(database)
        for title in titles:
            store.create_conversation(title)


def titles(path: Path) -> list[str]:
    with closing(open_database(path)) as database:
        return [talk.title for talk in reversed(ConversationStore(database).conversations())]


class TestPermissions:
    def test_that_were_widened_are_taken_back(self, tmp_path: Path) -> None:
        data = tmp_path / "data"
        (data / "backups").mkdir(parents=True)
        names = ("chat.db", "chat.db-wal", "chat.db-shm", "settings.json", "chat.db.broken-1", "backups/chat-1-auto.db")
        for name in names:
            (data / name).touch()
            (data / name).chmod(0o666)
        data.chmod(0o777)
        (data / "backups").chmod(0o755)
        keep_private(data)
        assert {mode(data / name) for name in names} == {0o600}
        assert (mode(data), mode(data / "backups")) == (0o700, 0o700)

    def test_of_a_folder_that_all_share_stay(self, tmp_path: Path) -> None:
        shared = tmp_path / "shared"
        shared.mkdir()
        shared.chmod(0o1777)
        (shared / "chat.db").touch(0o644)
        keep_private(shared)
        assert mode(shared) == 0o1777
        assert mode(shared / "chat.db") == 0o600

    def test_of_what_a_link_points_to_stay(self, tmp_path: Path) -> None:
        outside = tmp_path / "model.gguf"
        outside.touch()
        outside.chmod(0o644)
        data = tmp_path / "data"
        data.mkdir()
        (data / "model").symlink_to(outside)
        keep_private(data)
        assert mode(outside) == 0o644


class TestABrokenFile:
    def test_is_renamed_with_its_log_and_nothing_is_lost(self, path: Path) -> None:
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).write_text(f"content{suffix}")
        aside = set_aside(path)
        assert aside.name.startswith("chat.db.broken-")
        assert {file.name: file.read_text() for file in path.parent.iterdir()} == {
            aside.name: "content",
            f"{aside.name}-wal": "content-wal",
            f"{aside.name}-shm": "content-shm",
        }

    def test_does_not_overwrite_another_one_of_the_same_second(self, path: Path) -> None:
        asides = set()
        for number in range(3):
            path.write_text(str(number))
            asides.add(set_aside(path).read_text())
        assert asides == {"0", "1", "2"}
        assert len(list(path.parent.iterdir())) == 3

    def test_is_replaced_by_a_whole_one(self, path: Path) -> None:
        path.write_text("broken")
        make(path.with_name("new.db"), "Rescued")
        aside = replace_database(path, path.with_name("new.db"))
        assert aside is not None
        assert aside.read_text() == "broken"
        assert titles(path) == ["Rescued"]

    @pytest.mark.parametrize("renamed", range(4))
    def test_is_replaced_even_if_the_process_is_killed_between_two_renames(
        self, path: Path, renamed: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make(path.with_name("new.db"), "Rescued")
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).write_text(f"broken{suffix} " * 1000)
        left = iter(range(renamed))
        rename = Path.rename

        def rename_or_die(source: Path, target: Path) -> Path:
            if next(left, None) is None:
                raise KeyboardInterrupt
            return rename(source, target)

        monkeypatch.setattr(Path, "rename", rename_or_die)
        with suppress(KeyboardInterrupt):
            replace_database(path, path.with_name("new.db"))
        monkeypatch.undo()
        if renamed == 0:
            # Nothing had happened yet: the person is asked again.
            with pytest.raises(DamagedDatabaseError):
                open_database(path)
            return
        assert titles(path) == ["Rescued"]
        kept = {file.read_text().split()[0] for file in path.parent.glob("chat.db.broken-*")}
        assert kept >= {"broken", "broken-wal"}


class TestALog:
    @pytest.fixture
    def left(self, path: Path, tmp_path: Path) -> Path:
        """A database as a killed process leaves it: ten conversations, each committed, all in the log."""
        make(path)
        folder = tmp_path / "left"
        folder.mkdir()
        with closing(open_database(path)) as database:
            store = ConversationStore(database)
            for number in range(10):
                store.create_conversation(f"Talk {number}")
            for file in (path, log_of(path), index_of_log(path)):
                shutil.copy(file, folder)
        return folder / path.name

    def smash(self, path: Path, start: int, content: bytes = b"\xa5" * 40) -> None:
        data = bytearray(path.read_bytes())
        data[start : start + len(content)] = content
        path.write_bytes(data)

    def test_that_is_whole_is_read(self, left: Path) -> None:
        assert len(titles(left)) == 10

    @pytest.mark.parametrize("index", ["there", "gone"])
    @pytest.mark.parametrize("place", ["header", "first frame", "middle"])
    def test_that_is_smashed_is_not_passed_over_in_silence(self, left: Path, place: str, index: str) -> None:
        size = log_of(left).stat().st_size
        self.smash(log_of(left), {"header": 2, "first frame": 100, "middle": size // 2}[place])
        if index == "gone":
            index_of_log(left).unlink()
        with pytest.raises(DamagedDatabaseError) as caught:
            open_database(left)
        assert "log" in caught.value.details

    def test_whose_committed_end_is_missing_is_noticed_by_its_index(self, left: Path) -> None:
        log = log_of(left)
        log.write_bytes(log.read_bytes()[: log.stat().st_size // 2])
        with pytest.raises(DamagedDatabaseError):
            open_database(left)

    def test_that_ends_in_the_middle_of_a_write_is_what_a_power_cut_leaves(self, left: Path) -> None:
        log = log_of(left)
        with log.open("ab") as stream:
            header = log.read_bytes()[:32]
            stream.write(struct.pack(">2I", 2, 0) + header[16:24] + b"\0" * 8 + b"torn")
        assert len(titles(left)) == 10

    def test_whose_database_was_taken_away_is_kept(self, left: Path) -> None:
        content = log_of(left).read_bytes()
        left.unlink()
        assert titles(left) == []
        [kept] = left.parent.glob("chat.db.broken-*-wal")
        assert kept.read_bytes() == content


class TestAMark:
    """Whether a big file has to be read through; here every file is big."""

    @pytest.fixture(autouse=True)
    def _all_are_big(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(marks, "BIG", 1)

    def test_spares_reading_what_was_closed_in_order(self, path: Path) -> None:
        make(path, "Talk")
        with closing(open_database(path)) as database:
            first = database.checked_at
        with closing(open_database(path)) as database:
            assert database.checked_at == first

    def test_does_not_count_after_a_kill(self, path: Path, start_child: StartChild) -> None:
        make(path, "Talk")
        child = start_child(
            "import sys; from pathlib import Path; from app.store.database import open_database;"
            "from app.store.conversations import ConversationStore as S;"
            "S(open_database(Path(sys.argv[1]))).create_conversation('x'); print('ready', flush=True); input()"
        )
        read_line(child)
        kill(child)
        assert marks.checked_recently(path) is None

    def test_does_not_count_when_the_file_changed_or_the_mark_is_old(self, path: Path) -> None:
        make(path, "Talk")
        checked_at = marks.checked_recently(path)
        assert checked_at is not None
        marks.leave(path, checked_at - 25 * 3600)
        assert marks.checked_recently(path) is None
        marks.leave(path, checked_at)
        assert marks.checked_recently(path) == checked_at
        os.utime(path)
        assert marks.checked_recently(path) is None

    def test_does_not_count_when_it_makes_no_sense(self, path: Path) -> None:
        make(path, "Talk")
        for text in ("", "[]", '{"file": 1}', "\x00"):
            path.with_name("chat.db.checked").write_text(text)
            assert marks.checked_recently(path) is None


class TestTheLockOfTheWindow:
    HOLD = (
        "import sys; from pathlib import Path; from app.store.lock import InstanceLock;"
        "print(InstanceLock(Path(sys.argv[1])).acquire(), flush=True); input()"
    )

    def hold(self, folder: Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", self.HOLD, str(folder)],
            cwd=REPOSITORY,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def test_is_held_by_one_and_given_back_however_it_dies(self, tmp_path: Path) -> None:
        child = self.hold(tmp_path)
        assert read_line(child) == "True"
        lock = InstanceLock(tmp_path)
        assert lock.acquire() is False
        assert lock.holder() == child.pid
        child.send_signal(signal.SIGKILL)
        child.communicate()
        assert lock.holder() is None
        taken_over = lock.acquire()
        assert taken_over
        assert lock.holder() == os.getpid()
        other = self.hold(tmp_path)
        assert read_line(other) == "False"
        other.communicate("\n")
        lock.release()
        assert lock.holder() is None

    def test_is_another_one_for_another_folder(self, tmp_path: Path) -> None:
        first, second = InstanceLock(tmp_path), InstanceLock(tmp_path / "other")
        (tmp_path / "other").mkdir()
        assert first.acquire()
        assert second.acquire()
        assert first.address != second.address
        assert InstanceLock(tmp_path / "other" / "..").address == first.address
        first.release()
        second.release()
