"""Domains for short links, verified by their DNS."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import dns.resolver
import pytest
from flask import Flask

from app.clock import now
from app.extensions import db
from app.models.integrations import Cname
from app.services import cnames
from tests.api.asking import Api
from tests.api.oktopost.asking import Names
from tests.factories import make_profile, make_user


def test_a_domain_is_verified_by_its_dns(api: Api, names: Names, app: Flask) -> None:
    told = api.post("/v2/cname", {"domain": "Go.Example.org."})
    assert told["Result"] is True
    assert set(told["Cname"]) == {"Id", "Domain", "Status"}
    assert re.fullmatch(r"0CN\d{12}", told["Cname"]["Id"])
    assert (told["Cname"]["Domain"], told["Cname"]["Status"]) == ("go.example.org", "pending")
    config = replace(app.config["CARILLON"], APP_URL="https://carillon.example.com")
    names.records = {
        "go.example.org": "edge.example.net", "edge.example.net": "carillon.example.com",
    }  # fmt: skip
    before, app.config["CARILLON"] = app.config["CARILLON"], config
    try:
        again = api.post("/v2/cname", {"domain": "go.example.org"})["Cname"]
        assert (again["Id"], again["Status"]) == (told["Cname"]["Id"], "verified")
        assert api.get("/v2/cname")["Items"] == [again]
        other = make_profile(make_user())
        twin = Cname(number=99, profile_id=other.id, domain="go.example.org")
        db.session.add(twin)
        db.session.commit()
        twin_id = twin.id
        db.session.rollback()
        assert not cnames.verify(twin_id)
        names.records = {"go.example.org": "go.example.org"}
        db.session.query(Cname).update({"checked_at": now() - timedelta(hours=25)})
        db.session.commit()
        assert cnames.recheck() == 2
        assert api.get("/v2/cname")["Items"][0]["Status"] == "pending"
    finally:
        app.config["CARILLON"] = before


def test_a_name_server_that_is_away_changes_nothing(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.post("/v2/cname", {"domain": "go.example.org"})
    db.session.rollback()
    db.session.query(Cname).update({"verified_at": now()})
    db.session.commit()
    nobody = dns.resolver.Resolver(configure=False)
    nobody.nameservers = []
    monkeypatch.setattr(cnames, "resolver", lambda: nobody)
    assert api.post("/v2/cname", {"domain": "go.example.org"})["Cname"]["Status"] == "verified"


@pytest.mark.parametrize(
    "domain", ["", "localhost", "10.0.0.1", "-a.example.org", "a b.example", "x" * 64 + ".org",
               "https://go.example.org", "a..b"],
)  # fmt: skip
def test_what_is_no_domain(api: Api, domain: str) -> None:
    told = api.post("/v2/cname", {"domain": domain}, status=400)
    assert (told["Result"], told["field"]) == (False, "domain")


def test_a_deleted_domain_is_named_by_none(api: Api, cname: str) -> None:
    asked = {"type": "cd", "cnameId": cname}
    one = api.post("/v2/integration", asked)["Integration"]["Id"]
    assert api.delete(f"/v2/cname/{cname}") == {"Result": True}
    assert api.get(f"/v2/integration/{one}")["Integration"]["CnameId"] is None
    assert api.delete(f"/v2/cname/{cname}", status=404)["Result"] is False
