"""The fakes keep the ports' promises; mypy holds them to the shapes."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from app.domain.records import Lane
from app.services.context import Bell, Vault
from app.sync.ports import Clock
from tests.fakes import START, FakeClock, ListBell, PlainVault


async def test_sleeping_moves_the_clock_and_takes_no_time(clock: FakeClock) -> None:
    port: Clock = clock
    await port.sleep(90)
    assert port.now() == START + timedelta(seconds=90)
    assert clock.slept == [90]


def test_a_clock_goes_back_only_when_set(clock: FakeClock) -> None:
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-1)
    clock.set(START - timedelta(days=1))
    assert clock.now() == START - timedelta(days=1)


async def test_a_bell_remembers_and_a_deaf_one_loses(bell: ListBell) -> None:
    ports: list[Bell] = [bell, ListBell(deaf=True)]
    for port in ports:
        await port.ring("c", Lane.BULK)
    assert bell.take() == [("c", Lane.BULK)]
    assert bell.take() == []
    assert isinstance(ports[1], ListBell)
    assert ports[1].rings == []


def test_what_is_sealed_opens_again(vault: PlainVault) -> None:
    port: Vault = vault
    assert port.open(port.seal({"password": "p"})) == {"password": "p"}
    assert port.open("") == {}


def test_ids_come_in_order(new_id: Callable[[], str]) -> None:
    made = [new_id() for _ in range(11)]
    assert made == sorted(made)
    assert len(set(made)) == 11
