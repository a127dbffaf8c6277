"""Measurements on the workers of a Dask cluster."""

import json
import logging
import re
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def cluster(scheduler: str) -> Iterator[Executor]:
    """Workers of a running Dask scheduler, however many it has or will have.

    Parameters
    ----------
    scheduler : str
        Address such as ``tcp://host:8786``, or the path of a scheduler file.

    Raises
    ------
    ValueError
        If Dask is not installed, or no scheduler answers.
    """
    try:
        from distributed import Client
    except ImportError:
        raise ValueError("scheduler needs Dask: pip install 'olfnet[cluster]'") from None
    address = _address(scheduler)
    client: Any = _in_time(lambda: Client(address, timeout=10, set_as_default=False), scheduler)  # type: ignore[no-untyped-call]
    with _silent("distributed"):  # a lost scheduler is told in one sentence
        try:
            # Not pure: equal tasks are distinct.  Retries: a point survives the loss of its worker.
            yield client.get_executor(pure=False, retries=3)
        finally:
            client.close(timeout=5)


def _address(scheduler: str) -> str:
    """Address of a scheduler at which something answers; Dask itself would wait, and say more."""
    address = scheduler
    if Path(scheduler).is_file():
        try:
            address = json.loads(Path(scheduler).read_text())["address"]
        except (ValueError, KeyError, TypeError):
            raise ValueError(f"scheduler must be a file of Dask's, got {scheduler!r}") from None
    found = re.fullmatch(r"(?:tcp|tls|ws|wss)://\[?([^\]/]+?)\]?:(\d+)/?", address)
    if not found:
        raise ValueError(
            "scheduler must be a scheduler file or an address such as tcp://host:8786, got "
            f"{scheduler!r}"
        )
    try:
        socket.create_connection((found[1], int(found[2])), timeout=10).close()
    except (OSError, OverflowError) as error:
        raise ValueError(f"scheduler must be a running one, got {scheduler!r}: {error}") from None
    return address


def _in_time(make: Callable[[], Any], scheduler: str, seconds: float = 30.0) -> Any:
    """Make a client, unless what answers is no scheduler and never comes to an end."""
    found: list[Any] = []

    def attempt() -> None:
        try:
            with _silent("distributed"):
                found.append(make())
        except Exception as error:
            found.append(error)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(seconds)
    if not found or isinstance(found[0], Exception):
        why = found[0] if found else f"no word within {seconds:g} s"
        raise ValueError(f"scheduler must be a running one, got {scheduler!r}: {why}")
    return found[0]


@contextmanager
def _silent(package: str) -> Iterator[None]:
    """Let no logger of a package print anything."""
    names = [package, *(n for n in logging.root.manager.loggerDict if n.startswith(f"{package}."))]
    levels = {logging.getLogger(name): logging.getLogger(name).level for name in names}
    for logger in levels:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in levels.items():
            logger.setLevel(level)
