"""A PostgreSQL server for tests: in a temporary directory, on a free port of this machine alone.

Whoever runs on this machine may connect without a password. Nothing in it outlives a crash: it does
not wait for the disk.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import URL

HOST = "127.0.0.1"
START_TIMEOUT = 60.0
_POLL = 0.02
_ADMINISTRATOR = "postgres"
# PostgreSQL refuses to run as root, so root starts it as the user that its package makes.
_SYSTEM_USER = "postgres"
_OPTIONS = {
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": HOST,
    "shared_buffers": "32MB",
    "synchronous_commit": "off",
}


class PostgresServer:
    """A running PostgreSQL, as a context manager.

    with PostgresServer() as server:
        engine = create_engine(server.create_database())
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        self._names = (f"test_{number}" for number in count(1))

    @property
    def url(self) -> str:
        """The URL of the database that every PostgreSQL begins with."""
        return self._url("postgres")

    def create_database(self) -> str:
        """The URL of a new, empty database."""
        name = next(self._names)
        with psycopg.connect(
            host=HOST,
            port=self._port,
            user=_ADMINISTRATOR,
            dbname="postgres",
            autocommit=True,
        ) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self._url(name)

    def __enter__(self) -> PostgresServer:
        programs, absent = _programs(), missing()
        if programs is None or absent is not None:
            raise RuntimeError(absent)
        self._programs = programs
        self._directory = tempfile.TemporaryDirectory(prefix="milepost-postgres-")
        self._folder = Path(self._directory.name)
        try:
            if _is_root():
                shutil.chown(self._folder, _SYSTEM_USER, pwd.getpwnam(_SYSTEM_USER).pw_gid)
            self._initialise()
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._stop()
        self._directory.cleanup()

    def _url(self, database: str) -> str:
        url = URL.create(
            "postgresql+psycopg", _ADMINISTRATOR, host=HOST, port=self._port, database=database
        )
        return url.render_as_string()

    def _initialise(self) -> None:
        data = self._folder / "data"
        done = subprocess.run(
            [
                self._programs / "initdb",
                f"--pgdata={data}",
                f"--username={_ADMINISTRATOR}",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **self._surroundings(),
        )
        if done.returncode != 0:
            raise RuntimeError(done.stdout.decode(errors="replace"))
        (data / "pg_hba.conf").write_text(f"host all all {HOST}/32 trust\n", "utf-8")

    def _start(self) -> None:
        log = self._folder / "log"
        for _ in range(3):  # another process may take the free port first
            self._port = _free_port()
            options = {**_OPTIONS, "port": self._port, "unix_socket_directories": self._folder}
            with log.open("wb") as output:
                self._process = subprocess.Popen(
                    [
                        self._programs / "postgres",
                        "-D",
                        self._folder / "data",
                        *(f"--{name}={value}" for name, value in options.items()),
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    # An interrupt from the keyboard is for the tests, which then stop the server.
                    start_new_session=True,
                    **self._surroundings(),
                )
            if self._is_ready():
                return
            self._stop()
        raise RuntimeError(log.read_text("utf-8", errors="replace"))

    def _surroundings(self) -> dict[str, Any]:
        """For a child process: none of the tests' environment, and never root."""
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
        surroundings: dict[str, Any] = {"cwd": self._folder, "env": environment}
        if _is_root():
            group = pwd.getpwnam(_SYSTEM_USER).pw_gid
            surroundings |= {"user": _SYSTEM_USER, "group": group, "extra_groups": []}
        return surroundings

    def _is_ready(self) -> bool:
        """Waits until it takes connections. False where it ends or takes too long."""
        assert self._process is not None
        state = self._folder / "data/postmaster.pid"
        end = time.monotonic() + START_TIMEOUT
        while time.monotonic() < end and self._process.poll() is None:
            # The file's last line: "starting", then "ready".
            with suppress(FileNotFoundError):
                if state.read_text("utf-8").split()[-1:] == ["ready"]:
                    return True
            time.sleep(_POLL)
        return False

    def _stop(self) -> None:
        if self._process is None:
            return
        # It ends what is still connected to it.
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


def missing() -> str | None:
    """What PostgreSQL lacks to be started, or None."""
    gets_it = "`apt-get install postgresql` gets it"
    if _programs() is None:
        return f"PostgreSQL is not installed; {gets_it}"
    if _is_root():
        try:
            pwd.getpwnam(_SYSTEM_USER)
        except KeyError:
            return f"PostgreSQL has no user `{_SYSTEM_USER}` to run as; {gets_it}"
    return None


def require() -> None:
    """Skips a test where PostgreSQL is missing; in CI, fails it."""
    absent = missing()
    if absent is None:
        return
    if os.environ.get("CI"):
        pytest.fail(absent)
    pytest.skip(absent)


def _programs() -> Path | None:
    """The folder of Debian's newest PostgreSQL, else one on the path."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    on_path = shutil.which("postgres")
    if on_path is not None:
        folders.append(Path(on_path).parent)
    for folder in folders:
        if all((folder / name).exists() for name in ("initdb", "postgres")):
            return folder
    return None


def _version(folder: Path) -> list[int]:
    return [int(part) for part in folder.parent.name.split(".") if part.isdecimal()]


def _is_root() -> bool:
    return os.geteuid() == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
