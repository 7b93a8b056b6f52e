"""What ``carillon doctor`` prints: the doctor's findings as plain lines."""

from __future__ import annotations

from collections.abc import Callable

from app.config import settings
from app.extensions import db
from app.services import doctor, readiness

Say = Callable[[str], object]
MARKS = {"ok": "ok", "works": "ok", "optional": "-", "skipped": "-", "missing": "missing",
         "bad": "WRONG", "refused": "WRONG", "unclear": "?"}  # fmt: skip


def installation(say: Say) -> int:
    """The whole installation; 1 where something is wrong, else 0."""
    problems = readiness.look()
    config = settings()
    fine = {
        "storage": f"ok, in the bucket {config.S3_BUCKET}" if config.S3_BUCKET
        else f"ok, in {config.media_dir}"
    }  # fmt: skip
    for name in ("database", "schema", "keys", "storage", "disk", "clock"):
        say(f"{name:<10} {problems.get(name) or fine.get(name, 'ok')}")
    if not readiness.redis_up():
        say("redis      Redis does not answer; posts still go out, a little later.")
    else:
        say("redis      ok")
    wrong = bool(problems)
    words = {"ready": "set up", "played": "played on this machine", "off": "not set up"}
    for one in doctor.every():
        bad = [f"{part.setting}: {part.told}" for part in one.fields if part.verdict == "bad"]
        wrong = wrong or bool(bad)
        told = "; ".join(bad) or words.get(one.state, one.state)
        say(f"{one.name:<10} {told}{'. ' + one.warning if one.warning and not bad else ''}")
    return int(wrong)


def network(name: str, say: Say, *, ask: bool) -> int:
    """One network; 1 where its settings or keys are wrong, else 0."""
    found = doctor.network("twitter" if name == "x" else name)
    db.session.commit()
    say(f"{found.title} ({found.api_url})")
    if found.played:
        say("Played on this machine: nothing real goes out.")
    say(f"\nRedirect address: {found.redirect_uri}\n\nKeys")
    for one in found.fields:
        say(f"  {MARKS[one.verdict]:<8} {one.setting}: {one.told}")
    call = doctor.ask(found.name) if ask else None
    if call is not None:
        say(f"  {MARKS[call.verdict]:<8} {call.told}")
    say("\nThe app's state")
    if found.reach:
        say(f"  WRONG    {found.title} fetches files from us, and {found.reach}.")
    for words, fine in found.modes:
        say(f"  {'ok' if fine else '!':<8} {words}")
    say(f"  {'-':<8} {found.about.review}")
    say(f"\nPermissions asked for: {', '.join(found.asked)}")
    for granted in found.granted:
        told = ", ".join(granted.missing)
        what = f"was not given {told}" if told else "has all" if granted.told else "not told"
        say(f"  {granted.handle}: {what}{'' if granted.usable else '; signed out'}")
    say("\nSetting it up")
    for number, step in enumerate(found.about.setup, 1):
        say(f"  {number}. {step}")
    say(f"\nWhat {found.title} refuses, and what to do")
    for refusal in found.about.refusals:
        say(f"  {refusal.code}: {refusal.means} {refusal.step}")
    wrong = any(one.verdict == "bad" for one in found.fields)
    return int(wrong or bool(call and call.verdict == "refused"))
