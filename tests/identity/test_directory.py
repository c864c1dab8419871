"""Who holds a key: found once, remembered while it is true, refused as soon as it is not."""

from __future__ import annotations

import asyncio
import hashlib

import msgspec
import pytest

from headworks.domain.errors import Fault
from headworks.domain.principal import Principal
from headworks.domain.records import Bounds, PartyKind
from headworks.identity import make_key
from headworks.identity.feed import Feed
from tests.identity.house import House, in_house, snapshot, turns
from tests.identity.records import below, key_of


def test_a_key_is_looked_up_once_however_many_ask() -> None:
    async def act(house: House) -> None:
        house.records.open.clear()
        asking = [asyncio.create_task(house.find()) for _ in range(50)]
        await turns()
        house.records.open.set()
        holders = await asyncio.gather(*asking)

        assert {holder.id for holder in holders if holder} == {house.record.id}
        assert house.records.asked == ["key"]
        assert house.peek() is holders[0]

    in_house(act)


def test_how_fresh_it_is_shows() -> None:
    async def act(house: House) -> None:
        await house.find()
        house.records.change_key(house.record.id, name="renamed")
        before = house.directory.gauges()
        await house.look()
        house.clock.advance(3)
        after = house.directory.gauges()

        assert (after.entries, after.change - before.change, after.age) == (1, 1, 3.0)
        assert House().directory.gauges().age is None

    in_house(act)


def test_who_gives_up_waiting_leaves_the_look_up_to_the_others() -> None:
    async def act(house: House) -> None:
        house.records.open.clear()
        first, second = (asyncio.create_task(house.find()) for _ in range(2))
        await turns()
        first.cancel()
        await turns()
        house.records.open.set()

        assert (await second) is not None
        assert house.records.asked == ["key"]

    in_house(act)


def test_a_key_of_the_configuration_is_found_in_the_same_index_and_asks_nobody() -> None:
    async def act(house: House) -> None:
        mine = Principal(id="mine")
        now = msgspec.structs.replace(house.snapshot, principals={hashlib.sha256(b"any words").digest(): mine})

        assert house.directory.peek(b"any words", now) is mine
        assert await house.directory.find(b"any words", now) is mine
        assert house.records.asked == []

    in_house(act)


def test_a_revoked_key_is_refused_from_the_next_look_at_the_log_on() -> None:
    async def act(house: House) -> None:
        await house.find()
        house.records.change_key(house.record.id, revoked_at=house.clock.wall_ns())
        await house.look()

        assert house.peek() is None
        assert await house.find() is None

    in_house(act)


def test_a_removed_key_is_refused() -> None:
    async def act(house: House) -> None:
        await house.find()
        house.records.remove_key(house.record.id)
        await house.look()

        assert await house.find() is None

    in_house(act)


def test_a_change_to_any_party_above_counts_for_every_key_below() -> None:
    async def act(house: House) -> None:
        team = house.records.put_party(below(house.org, PartyKind.TEAM, "t"))
        key, record = key_of(team, "deep")
        house.records.put_key(record)
        await house.look()
        assert (await house.find(key)) is not None
        house.records.change_party(house.org.id, bounds=Bounds(models=("o3",)))
        await house.look()

        assert house.directory.peek(key, house.snapshot) is None
        narrower = await house.find(key)
        assert narrower is not None
        assert not narrower.may_use("gpt-4o")
        house.records.change_party(house.org.id, disabled=True)
        await house.look()
        assert await house.find(key) is None

    in_house(act)


def test_a_change_elsewhere_leaves_what_is_known_alone() -> None:
    async def act(house: House) -> None:
        await house.find()
        other = house.records.put_party(msgspec.structs.replace(house.org, id="org_other", name="other"))
        house.records.put_key(key_of(other)[1])
        await house.look()

        assert house.peek() is not None

    in_house(act)


def test_an_answer_read_before_a_revocation_is_not_remembered_after_it() -> None:
    """The look-up reads «valid»; the revocation commits and its news comes; only then the look-up's answer arrives."""

    async def act(house: House) -> None:
        house.records.open.clear()
        asking = asyncio.create_task(house.find())
        await house.records.read.wait()
        house.records.change_key(house.record.id, revoked_at=house.clock.wall_ns())
        await house.look()
        house.records.open.set()

        assert await asking is None
        assert house.peek() is None
        assert house.records.asked == ["key", "key"]

    in_house(act)


def test_the_same_race_with_a_change_of_a_party_above() -> None:
    async def act(house: House) -> None:
        house.records.open.clear()
        asking = asyncio.create_task(house.find())
        await house.records.read.wait()
        house.records.change_party(house.org.id, disabled=True)
        await house.look()
        house.records.open.set()

        assert await asking is None
        assert house.peek() is None

    in_house(act)


def test_the_news_of_a_change_that_an_answer_already_knows_costs_nothing() -> None:
    async def act(house: House) -> None:
        house.records.change_key(house.record.id, name="renamed")
        await house.find()
        await house.look()

        assert house.peek() is not None
        assert house.records.asked == ["key"]

    in_house(act)


def test_a_key_made_while_it_was_looked_for_is_not_remembered_as_unknown() -> None:
    async def act(house: House) -> None:
        key, record = key_of(house.org, "late")
        house.records.open.clear()
        asking = asyncio.create_task(house.find(key))
        await house.records.read.wait()
        house.records.put_key(record)
        await house.look()
        house.records.open.set()
        await asking

        assert await house.find(key) is not None

    in_house(act)


def test_an_unknown_key_is_looked_up_once_until_something_changes() -> None:
    async def act(house: House) -> None:
        key, record = key_of(house.org, "later")
        for _ in range(5):
            assert await house.find(key) is None
        assert house.records.asked == ["key"]
        house.records.put_key(record)
        await house.look()

        assert await house.find(key) is not None

    in_house(act)


def test_a_misspelt_key_is_refused_without_a_question() -> None:
    async def act(house: House) -> None:
        assert await house.find(house.key[:-1] + b"?") is None
        assert await house.find(b"hw-nonsense") is None
        assert house.records.asked == []

    in_house(act)


def test_a_log_with_another_name_or_a_smaller_number_makes_everything_doubtful() -> None:
    """A restored backup: nobody knows which changes are gone."""

    async def act(house: House) -> None:
        await house.find()
        house.records.restore_backup(1)
        house.records.keys.clear()
        await house.look()

        assert house.peek() is None
        assert await house.find() is None

    in_house(act)


def test_changes_that_were_pruned_before_they_were_read_make_everything_doubtful() -> None:
    async def act(house: House) -> None:
        await house.find()
        house.records.keys[house.record.id] = msgspec.structs.replace(house.record, revoked_at=1)
        house.records.pruned_to = 50
        for _ in range(60):
            house.records.note("revision", "x")
        await house.look()

        assert house.peek() is None
        assert await house.find() is None

    in_house(act)


def test_a_bulk_change_is_one_entry_that_makes_everything_doubtful() -> None:
    async def act(house: House) -> None:
        await house.find()
        house.records.keys[house.record.id] = msgspec.structs.replace(house.record, revoked_at=1)
        house.records.note("reset", "")
        await house.look()

        assert await house.find() is None

    in_house(act)


def test_a_long_log_is_read_to_its_end_at_once() -> None:
    """Four thousand changes a second would let a revocation behind an import wait for minutes."""

    async def act(house: House) -> None:
        await house.find()
        for number in range(5_000):
            house.records.note("key", f"key_{number}")
        house.records.change_key(house.record.id, revoked_at=1)
        await house.look()

        assert house.peek() is None
        assert house.directory.feed.number == len(house.records.changes)

    in_house(act)


def test_only_so_many_principals_are_remembered_and_the_least_used_goes() -> None:
    async def act(house: House) -> None:
        await house.find()
        for number in range(20):
            key, record = key_of(house.org, f"k{number}")
            house.records.put_key(record)
            await house.find(key)
            assert house.peek() is not None, "it is used all the time"

        assert len(house.directory._entries) == 10
        assert len(house.directory._cache._digests) == 10

    in_house(act, most=10)


def test_a_forgotten_moment_of_expiry_is_still_the_principals_own() -> None:
    async def act(house: House) -> None:
        end = house.clock.wall_ns() + 10**9
        house.records.change_key(house.record.id, expires_at=end)
        await house.look()
        holder = await house.find()
        assert holder is not None
        assert holder.expires_at == end
        house.clock.advance(2)
        await house.look()
        house.directory._cache.mark_all()

        assert await house.find() is None

    in_house(act)


def test_a_silent_feed_makes_each_key_be_proved_once_a_second() -> None:
    async def act(house: House) -> None:
        await house.find()
        house.clock.advance(1.1)
        assert house.peek() is None
        await house.find()
        for _ in range(10):
            house.clock.advance(0.09)
            assert house.peek() is not None
        assert house.records.asked == ["key", "key"]
        house.clock.advance(0.2)
        house.records.change_key(house.record.id, revoked_at=1)

        assert await house.find() is None

    in_house(act)


def test_silence_is_measured_from_the_question_not_from_the_answer() -> None:
    """An answer that was two seconds on its way proves what was true two seconds ago."""

    async def act(house: House) -> None:
        await house.find()
        head = house.records.head

        async def slow() -> object:
            answer = await head()
            house.clock.advance(2)
            return answer

        house.records.head = slow  # type: ignore[method-assign] - a slow network in between
        await house.directory.feed.look()

        assert house.directory.feed.silent
        assert house.peek() is None

    in_house(act)


def test_the_feed_outlives_a_cut_and_says_so_once() -> None:
    async def act(house: House) -> None:
        said: list[str] = []
        following = asyncio.create_task(house.directory.feed.follow(said.append))
        await house.clock.run(1)
        house.records.feed_cut = True
        await house.clock.run(5)
        assert house.directory.feed.silent
        house.records.feed_cut = False
        await house.clock.run(1)
        following.cancel()

        assert not house.directory.feed.silent
        assert len(said) == 2
        assert not any("hunter2" in line for line in said)

    in_house(act)


def test_without_a_database_nothing_is_served_after_a_second_unless_told_otherwise() -> None:
    async def act(house: House) -> None:
        await house.find()
        house.records.gone = True
        house.clock.advance(0.9)
        assert house.peek() is not None
        house.clock.advance(0.2)
        with pytest.raises(Fault) as refusal:
            await house.find()

        assert (refusal.value.code, refusal.value.status) == ("identity_unavailable", 503)
        assert "hunter2" not in f"{refusal.value!r} {refusal.value.detail}"

    in_house(act)


def test_without_a_database_known_keys_may_be_served_for_a_while() -> None:
    async def act(house: House) -> None:
        house.snapshot = snapshot(stale_for=30)
        await house.find()
        house.records.gone = True
        house.clock.advance(29)
        assert (await house.find()) is not None
        with pytest.raises(Fault, match="identity_unavailable"):
            await house.find(make_key().encode())
        house.clock.advance(2)
        with pytest.raises(Fault, match="identity_unavailable"):
            await house.find()
        house.records.gone = False
        house.clock.advance(1.1)

        assert (await house.find()) is not None

    in_house(act)


def test_what_is_known_to_have_changed_is_not_served_stale() -> None:
    async def act(house: House) -> None:
        house.snapshot = snapshot(stale_for=30)
        await house.find()
        house.records.change_key(house.record.id, revoked_at=1)
        await house.look()
        house.records.gone = True

        with pytest.raises(Fault, match="identity_unavailable"):
            await house.find()

    in_house(act)


def test_a_database_that_is_gone_is_asked_once_a_second() -> None:
    async def act(house: House) -> None:
        house.records.gone = True
        for number in range(100):
            with pytest.raises(Fault, match="identity_unavailable"):
                await house.find(key_of(house.org, str(number))[0], peer=str(number))

        assert house.records.asked == ["key"]

    in_house(act)


def test_a_storm_of_keys_reaches_the_database_eight_at_a_time_and_the_queue_has_an_end() -> None:
    async def act(house: House) -> None:
        keys = [key_of(house.org, str(number)) for number in range(2_000)]
        for _, record in keys:
            house.records.put_key(record)
        house.records.open.clear()
        asking = [asyncio.create_task(house.find(key)) for key, _ in keys]
        await turns()
        house.records.open.set()
        ended = await asyncio.gather(*asking, return_exceptions=True)

        served = [one for one in ended if isinstance(one, Principal)]
        refused = [one for one in ended if isinstance(one, Fault)]
        assert house.records.most_under_way == 8
        assert len(served) == 1_008
        assert {fault.code for fault in refused} == {"overloaded"}
        assert len(served) + len(refused) == 2_000
        assert house.directory._gate.asking == 0

    in_house(act)


def test_guessing_keys_is_slowed_for_who_guesses_and_for_nobody_else() -> None:
    async def act(house: House) -> None:
        for number in range(60):
            assert await house.find(f"sk-{number}".encode(), peer="192.0.2.1") is None
        with pytest.raises(Fault) as refusal:
            await house.find(b"sk-60", peer="192.0.2.1")
        assert (refusal.value.code, refusal.value.retry_after) == ("rate_limit_exceeded", 1.0)
        assert (await house.find(peer="192.0.2.2")) is not None
        house.clock.advance(1)
        await house.look()

        assert await house.find(b"sk-new", peer="192.0.2.1") is None

    in_house(act)


def test_who_is_known_is_served_from_an_address_that_guesses() -> None:
    async def act(house: House) -> None:
        await house.find(peer="192.0.2.1")
        for number in range(60):
            await house.find(f"sk-{number}".encode(), peer="192.0.2.1")
        house.directory._cache.mark_all()

        assert (await house.find(peer="192.0.2.1")) is not None

    in_house(act)


def test_a_record_whose_digest_is_not_the_keys_opens_nothing() -> None:
    """Found by a digest in the list is not enough: it must be the digest that this record says it has."""

    async def act(house: House) -> None:
        key, record = key_of(house.org, "odd", imported=True)
        house.records.put_key(record)

        assert await house.find(key) is None

    in_house(act)


def test_a_lookup_that_hangs_counts_as_a_database_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    async def act(house: House) -> None:
        monkeypatch.setattr(house.directory._gate, "_patience", 0.01)
        house.records.open.clear()
        with pytest.raises(Fault, match="identity_unavailable"):
            await house.find()

    in_house(act)


def test_a_key_that_changes_faster_than_it_can_be_read_is_refused_for_now() -> None:
    async def act(house: House) -> None:
        answer = house.records.key_by_digest

        async def restless(digests: tuple[bytes, ...]) -> object:
            found = await answer(digests)
            house.records.change_key(house.record.id, name="again")
            await house.directory.feed.look()
            return found

        house.records.key_by_digest = restless  # type: ignore[method-assign] - an administrator in a loop
        with pytest.raises(Fault, match="overloaded"):
            await house.find()

    in_house(act)


def test_a_feed_never_read_proves_nothing() -> None:
    async def act() -> None:
        house = House()
        assert isinstance(house.directory.feed, Feed)
        assert house.directory.feed.silent
        assert (await house.find()) is not None
        house.clock.advance(1.1)
        assert house.peek() is None

    asyncio.run(act())
