"""Workers of a Dask cluster."""

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
    """Use the workers of a running Dask scheduler, however many it has or will have.

    Parameters
    ----------
    scheduler : str
        Address such as ``tcp://host:8786``, or the path of a scheduler file.

    Raises
    ------
    ValueError
        If Dask is not installed, or no scheduler responds.
    """
    try:
        from distributed import Client
    except ImportError:
        raise ValueError("scheduler needs Dask: pip install 'olfnet[cluster]'") from None
    address = _address(scheduler)
    client: Any = _in_time(lambda: Client(address, timeout=10, set_as_default=False), scheduler)  # type: ignore[no-untyped-call]
    with _silent("distributed"):  # the caller reports a lost scheduler
        try:
            # Not pure: equal tasks are distinct.  Retries: a point survives the loss of its worker.
            yield client.get_executor(pure=False, retries=3)
        finally:
            client.close(timeout=5)


def _address(scheduler: str) -> str:
    """Return the address of a scheduler, if it accepts connections; Dask would wait and log."""
    address = scheduler
    if Path(scheduler).is_file():
        try:
            address = json.loads(Path(scheduler).read_text())["address"]
        except (ValueError, KeyError, TypeError):
            raise ValueError(f"scheduler must be a file of Dask's, got {scheduler!r}") from None
    match = re.fullmatch(r"(?:tcp|tls|ws|wss)://\[?([^\]/]+?)\]?:(\d+)/?", address)
    if not match:
        raise ValueError(
            "scheduler must be a scheduler file or an address such as tcp://host:8786, got "
            f"{scheduler!r}"
        )
    try:
        socket.create_connection((match[1], int(match[2])), timeout=10).close()
    except (OSError, OverflowError) as error:
        raise ValueError(f"scheduler must be a running one, got {scheduler!r}: {error}") from None
    return address


def _in_time(make: Callable[[], Any], scheduler: str, seconds: float = 30.0) -> Any:
    """Make a client, or give up after some time: what responds may be no scheduler."""
    results: list[Any] = []

    def attempt() -> None:
        try:
            with _silent("distributed"):
                results.append(make())
        except Exception as error:
            results.append(error)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(seconds)
    if not results or isinstance(results[0], Exception):
        why = results[0] if results else f"no response within {seconds:g} s"
        raise ValueError(f"scheduler must be a running one, got {scheduler!r}: {why}")
    return results[0]


@contextmanager
def _silent(package: str) -> Iterator[None]:
    """Silence the loggers of a package."""
    names = [package, *(n for n in logging.root.manager.loggerDict if n.startswith(f"{package}."))]
    levels = {logging.getLogger(name): logging.getLogger(name).level for name in names}
    for logger in levels:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in levels.items():
            logger.setLevel(level)
