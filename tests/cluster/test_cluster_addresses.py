from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstack.cluster.machine import addresses
from devstack.cluster.machine.addresses import LARGEST_INDEX, Addresses, free_indices, take_index
from devstack.cluster.machine.locks import FileLock
from devstack.cluster.model import ClusterUnavailable

indices = st.integers(1, LARGEST_INDEX)


@given(st.sets(indices, min_size=2, max_size=2))
def test_clusters_share_no_address_and_no_name(pair: set[int]) -> None:
    one, other = (Addresses(index) for index in pair)
    for ranges in ((one.pod_range, other.pod_range), (f"{one.outside}/24", f"{other.outside}/24")):
        first, second = (ipaddress.ip_network(text, strict=False) for text in ranges)
        assert not first.overlaps(second)
    assert {one.link, one.cgroup}.isdisjoint({other.link, other.cgroup})


@given(indices)
def test_both_ends_of_the_link_are_in_one_net_of_four_and_its_name_fits_the_kernel(index: int) -> None:
    its = Addresses(index)
    assert ipaddress.ip_address(its.inside) in ipaddress.ip_network(f"{its.outside}/30", strict=False)
    assert ipaddress.ip_address(its.pod_gateway) in ipaddress.ip_network(its.pod_range)
    assert len(its.link) <= 15


@given(indices)
def test_the_bridge_has_a_hardware_address_of_its_own_that_no_maker_of_hardware_gives(index: int) -> None:
    octets = [int(octet, 16) for octet in Addresses(index).pod_gateway_hardware.split(":")]
    assert len(octets) == 6
    assert octets[0] & 0b11 == 0b10, "locally administered, and one receiver only"
    assert octets[4] == index


@given(st.sets(indices), st.lists(st.ip_addresses(v=4)))
def test_a_range_with_an_address_in_use_is_never_free(taken: set[int], others: list[ipaddress.IPv4Address]) -> None:
    in_use = [Addresses(index).outside for index in taken] + [str(other) for other in others]
    free = free_indices(in_use)
    assert taken.isdisjoint(free)
    assert free == sorted(free)
    assert set(free) >= set(range(1, LARGEST_INDEX + 1)) - taken - {other.packed[2] for other in others}


@pytest.fixture
def locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(addresses, "MACHINE_LOCKS", tmp_path)
    return tmp_path


def test_the_lowest_free_index_is_taken_once(locks: Path) -> None:
    first, lock = take_index(in_use=lambda: ["10.89.1.1"])
    second, other = take_index(in_use=lambda: ["10.89.1.1"])
    assert (first.index, second.index) == (2, 3)
    lock.release()
    third, again = take_index(in_use=lambda: ["10.89.1.1"])
    assert third == first
    other.release()
    again.release()
    assert list(locks.iterdir()) == []


def test_an_index_that_was_taken_in_between_is_passed_over(locks: Path) -> None:
    answers = iter([["192.0.2.1"], ["10.89.1.1"], ["10.89.1.1"]])
    taken, lock = take_index(in_use=lambda: next(answers))
    assert taken.index == 2
    lock.release()
    assert list(locks.iterdir()) == []


def test_when_all_are_taken_the_way_out_is_named(locks: Path) -> None:
    everything = [Addresses(index).outside for index in range(1, LARGEST_INDEX + 1)]
    with pytest.raises(ClusterUnavailable, match="down --all"):
        take_index(in_use=lambda: everything)
    assert list(locks.iterdir()) == []


@pytest.mark.parametrize("index", [0, 251, -1])
def test_an_index_outside_the_range_is_refused(index: int) -> None:
    with pytest.raises(ValueError, match="1 to 250"):
        Addresses(index)


def test_a_lock_is_held_once_and_its_file_goes_with_it(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "a.lock"
    lock = FileLock.try_take(path)
    assert lock is not None
    assert FileLock.try_take(path) is None
    lock.release()
    assert not path.exists()
    again = FileLock.try_take(path)
    assert again is not None
    again.release()


def test_releasing_a_lock_whose_file_was_replaced_leaves_the_new_one_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    lock = FileLock.try_take(path)
    assert lock is not None
    path.unlink()
    newer = FileLock.try_take(path)
    assert newer is not None
    lock.release()
    assert path.exists()
    newer.release()
