"""Content templates, in the seed's words."""

from __future__ import annotations

from typing import Any

from app import ids
from app.extensions import db
from app.models.content_templates import ContentTemplate
from app.models.posts import Post
from app.models.profiles import PlatformSet, Profile
from tests.api.asking import Api
from tests.factories import make_account, make_media, make_profile, make_user

PATH = "/api/v1/templates"


def weekly(brand: Profile, **changes: Any) -> dict[str, Any]:
    """The body of the seed's "Create Template"."""
    return {
        "profileId": str(brand.id),
        "name": "Weekly Update",
        "description": "Weekly team update template",
        "content": "📊 Highlights:\n\n✅ {{achievement}}\n📈 {{metric}}\n🔜 {{next_week}}",
        "platforms": ["twitter", "linkedin"],
        "category": "internal",
    } | changes


def test_a_template_is_saved_listed_and_read(amplify: Api, brand: Profile) -> None:
    made = amplify.post(PATH, weekly(brand))
    assert made["success"] is True
    template = made["template"]
    assert template["name"] == "Weekly Update" and template["platforms"] == ["twitter", "linkedin"]
    assert template["variables"] == ["achievement", "metric", "next_week"]
    assert (template["is_favorite"], template["usage_count"]) == (False, 0)
    assert template["created_at"].endswith("Z") and template["updated_at"].endswith("Z")
    assert amplify.get(f"{PATH}/{template['id']}")["template"] == template
    assert amplify.get(f"{PATH}?profileId={brand.id}") == {"templates": [template], "total": 1}


def test_the_list_is_filtered_by_category_and_favourites(amplify: Api, brand: Profile) -> None:
    launch = weekly(brand, name="Product Launch", category="promotional")
    liked = amplify.post(PATH, launch | {"is_favorite": True})["template"]["id"]
    other = amplify.post(PATH, launch)["template"]["id"]
    amplify.post(PATH, weekly(brand) | {"isFavorite": True})

    def found(query: str) -> list[str]:
        told = amplify.get(f"{PATH}?profileId={brand.id}&{query}")
        assert told["total"] == len(told["templates"])
        return [one["id"] for one in told["templates"]]

    assert found("category=promotional&favorites=true") == [liked]
    assert found("category=Promotional") == [other, liked]
    assert len(found("favorites=true")) == 2 and len(found("favorites=false")) == 3
    page = amplify.get(f"{PATH}?limit=1&offset=1")
    assert ([one["id"] for one in page["templates"]], page["total"]) == ([other], 3)
    amplify.get(f"{PATH}?favorites=perhaps", status=400)


def test_media_are_named_by_path_by_id_and_by_our_own_address(amplify: Api, brand: Profile) -> None:
    picture = make_media(brand)
    made = amplify.post(PATH, weekly(brand, media=[{"id": str(picture.id), "alt_text": "Bells"}]))
    item = made["template"]["media"][0]
    assert (item["id"], item["alt_text"]) == (str(picture.id), "Bells")
    for named in ({"file_path": item["file_path"]}, {"public_url": item["public_url"]}, item):
        again = amplify.post(PATH, weekly(brand, media=[named]))["template"]["media"]
        assert [one["id"] for one in again] == [str(picture.id)]
    foreign = make_media(make_profile(make_user("other@example.org")))
    for one in (foreign.id, ids.uuid7()):
        told = amplify.post(PATH, weekly(brand, media=[{"id": str(one)}]), status=404)
        assert told["field"] == "media"


def test_a_change_leaves_the_rest_and_counts_a_use(amplify: Api, brand: Profile) -> None:
    made = amplify.post(PATH, weekly(brand, media=[{"id": str(make_media(brand).id)}]))["template"]
    path = f"{PATH}/{made['id']}"
    body = {"name": "Updated Name", "content": "New content...", "is_favorite": True,
            "increment_usage": True}  # fmt: skip
    told = amplify.patch(path, body)["template"]
    assert (told["name"], told["content"]) == ("Updated Name", "New content...")
    assert (told["is_favorite"], told["usage_count"], told["variables"]) == (True, 1, [])
    assert told["category"] == "internal" and len(told["media"]) == 1
    assert amplify.patch(path, {"incrementUsage": True, "media": []})["template"]["media"] == []
    assert amplify.get(path)["template"]["usage_count"] == 2
    refused = amplify.patch(path, {"content": ""}, status=400)
    assert refused["field"] == "content"
    assert amplify.patch(path, {"usage_count": 99, "id": str(ids.uuid7())})["template"]["id"]
    assert amplify.get(path)["template"]["usage_count"] == 2


def test_a_deleted_template_is_gone(amplify: Api, brand: Profile) -> None:
    path = f"{PATH}/{amplify.post(PATH, weekly(brand))['template']['id']}"
    assert amplify.delete(path) == {"success": True}
    for method in ("GET", "PATCH", "DELETE"):
        amplify.ask(method, path, {} if method == "PATCH" else None, status=404)


def test_a_foreign_template_is_a_missing_one_and_a_foreign_profile_is_refused(
    amplify: Api, ampost: Api, brand: Profile
) -> None:
    other = make_profile(make_user("other@example.org"))
    theirs = ContentTemplate(profile_id=other.id, name="Theirs", content="x")
    db.session.add(theirs)
    db.session.commit()
    theirs_id = theirs.id
    for api in (amplify, ampost):
        for method in ("GET", "PATCH", "DELETE"):
            body = {"name": "Mine"} if method == "PATCH" else None
            told = [api.ask(method, f"{PATH}/{one}", body, status=404)
                    for one in (theirs_id, ids.uuid7())]  # fmt: skip
            assert {**told[0], "request_id": ""} == {**told[1], "request_id": ""}
        for one in (other.id, ids.uuid7()):
            api.post(PATH, weekly(brand, profileId=str(one)), status=403)
            api.get(f"{PATH}?profileId={one}", status=403)
        assert api.get(PATH)["total"] == 0


def test_what_is_missing_or_unknown_is_named(amplify: Api, brand: Profile) -> None:
    for body, field in (
        (weekly(brand, name=""), "name"),
        (weekly(brand, content=""), "content"),
        (weekly(brand, platforms=["myspace"]), "platforms.0"),
        (weekly(brand, media=[{}]), "media.0"),
        (weekly(brand, media=[{"file_path": "nowhere"}]), "media.0.file_path"),
    ):
        assert amplify.post(PATH, body, status=400)["field"] == field


def test_the_same_key_saves_one_template(amplify: Api, brand: Profile) -> None:
    headers = {"Idempotency-Key": "weekly-1"}
    first = amplify.post(PATH, weekly(brand), headers=headers)
    again = amplify.post(PATH, weekly(brand), headers=headers)
    assert again == first and amplify.headers["Idempotency-Replayed"] == "true"
    assert amplify.get(PATH)["total"] == 1


def test_a_post_takes_from_its_template_what_it_lacks(
    amplify: Api, ampost: Api, brand: Profile
) -> None:
    make_account(brand, "mastodon")
    picture = make_media(brand)
    body = weekly(
        brand, content="✅ {{achievement}} {{count}}", platforms=["mastodon"],
        media=[{"id": str(picture.id)}],
    )  # fmt: skip
    template = amplify.post(PATH, body)["template"]["id"]
    given = {"templateId": template, "variables": {"achievement": "Six bells", "count": 6}}
    asked = given | {"scheduleDate": "2030-01-15T10:00:00"}
    made = amplify.post("/api/v1/post", asked)["postId"]
    post = ampost.get(f"/api/v1/posts/{made}")["post"]
    assert post["content"]["text"] == "✅ Six bells 6" and post["platforms"] == ["mastodon"]
    assert [one["id"] for one in post["content"]["media"]] == [str(picture.id)]
    own = amplify.post("/api/v1/post", asked | {"content": "My own words"})["postId"]
    assert ampost.get(f"/api/v1/posts/{own}")["post"]["content"]["text"] == "My own words"
    set_id = str(db.session.query(PlatformSet).one().id)
    draft = ampost.post(
        "/api/v1/posts", given | {"content": {}, "platformSetId": set_id}, status=201
    )
    assert draft["post"]["content"]["text"] == "✅ Six bells 6"
    assert amplify.get(f"{PATH}/{template}")["template"]["usage_count"] == 3


def test_a_variable_without_a_value_stores_no_post(amplify: Api, brand: Profile) -> None:
    make_account(brand, "mastodon")
    template = amplify.post(PATH, weekly(brand, platforms=["mastodon"]))["template"]["id"]
    body = {"templateId": template, "variables": {"metric": "9 %"}}
    told = amplify.post("/api/v1/post", body, status=400)
    assert [one["field"] for one in told["errors"]] == [
        "variables.achievement", "variables.next_week",
    ]  # fmt: skip
    missing = amplify.post("/api/v1/post", body | {"templateId": str(ids.uuid7())}, status=404)
    assert missing["field"] == "templateId"
    assert db.session.query(Post).count() == 0
    assert amplify.get(f"{PATH}/{template}")["template"]["usage_count"] == 0
