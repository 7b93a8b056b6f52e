"""Tools about brands, networks, accounts and platform sets."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic import Field

from app.api.auth import current_actor, current_profile_id, named_profile_id
from app.api.contract import Camel, Model
from app.api.mcp.tool import Nothing, Once, Profile, tool
from app.api.v1 import accounts as account_words
from app.api.v1 import platform_sets as set_words
from app.api.v1 import profiles as profile_words
from app.errors import NotFound
from app.services import account_lists, catalogue, profiles, sets


class PlatformsAsked(Camel):
    platform: str | None = Field(
        default=None, description="One platform whole, with its options. Left out: all, in short."
    )


class AccountsAsked(Profile):
    platform: str | None = Field(default=None, max_length=20, description="Such as mastodon.")
    platform_set_id: UUID | None = None


class NewSet(Once):
    name: str = Field(max_length=500)


class SetName(Camel):
    platform_set_id: UUID
    name: str = Field(max_length=500)


class Platforms(Model):
    platforms: list[dict[str, Any]]


@tool("List brands", need="profile.read", takes=Nothing)
def list_profiles(asked: Nothing) -> profile_words.Profiles:
    """The brands (profiles) this key reaches, with their time zone and your role there."""
    found = [profile_words.told(row) for row in profiles.rows(current_actor())]
    return profile_words.Profiles(profiles=found)


@tool("List platforms", need="profile.read", takes=PlatformsAsked)
def list_platforms(asked: PlatformsAsked) -> Platforms:
    """The social networks: what each takes (text length, pictures, videos) and, for the one you
    name, its options for overrides.settings."""
    found = catalogue.platforms()
    if asked.platform is None:
        return Platforms(platforms=[_short(one) for one in found])
    found = [one for one in found if one["platform"] == asked.platform]
    if not found:
        raise NotFound(f"There is no platform called {asked.platform[:40]}.", field="platform")
    return Platforms(platforms=found)


@tool("List accounts", need="account.read", takes=AccountsAsked)
def list_accounts(asked: AccountsAsked) -> account_words.AccountsOut:
    """The connected social accounts, with their ids for the accounts argument, and whether each
    can post now (readiness)."""
    found = account_lists.judged(
        current_actor(), named_profile_id(asked.profile_id), network=asked.platform,
        set_id=asked.platform_set_id,
    )  # fmt: skip
    return account_words.AccountsOut(
        accounts=[account_words.told(row, ready) for row, ready in found]
    )


@tool("List platform sets", need="account.read", takes=Profile)
def list_platform_sets(asked: Profile) -> set_words.Sets:
    """The named groups of accounts. Naming a platform in a post means every account of that
    platform in one set, the default one unless you name another."""
    found = sets.listed(current_actor(), named_profile_id(asked.profile_id))
    return set_words.Sets(sets=[set_words.told(row, count) for row, count in found])


def _set_again(set_id: UUID) -> set_words.OneSet:
    return set_words.OneSet(set=set_words.told(sets.get(current_actor(), set_id), 0))


@tool(
    "Create a platform set", need="account.write", takes=NewSet, writes=True,
    makes="platform_sets", again=_set_again,
)  # fmt: skip
def create_platform_set(asked: NewSet) -> set_words.OneSet:
    """A new, empty group of accounts. People put accounts into it when they connect them."""
    profile_id = current_profile_id(asked.profile_id)
    row = sets.create(current_actor(), profile_id, asked.name)
    return set_words.OneSet(set=set_words.told(row, 0))


@tool("Rename a platform set", need="account.write", takes=SetName, writes=True, repeatable=True)
def rename_platform_set(asked: SetName) -> set_words.OneSet:
    """Give a platform set another name."""
    row = sets.rename(current_actor(), asked.platform_set_id, asked.name)
    return set_words.OneSet(set=set_words.told(row))


def _short(one: dict[str, Any]) -> dict[str, Any]:
    """A platform in a line of the list."""
    kept = ("platform", "displayName", "supportStatus", "publish")
    return {name: one[name] for name in kept if name in one}
