"""The directory of identities (``/plc/<did>``), and handles that prove themselves."""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Blueprint, Response, request
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue

from app.sandbox.bluesky.names import did_of, handle_of, person, resolved
from app.sandbox.bluesky.words import ROOM, answer, bp, here, invalid
from app.sandbox.store import store

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
plc = Blueprint("plc", __name__)


@bp.record_once
def _beside(state: BlueprintSetupState) -> None:
    """The directory is a server of its own, beside the room's prefix."""
    state.app.register_blueprint(plc)


@plc.get("/plc/<did>")
def document(did: str) -> ResponseReturnValue:
    """The DID document; 404 for one that nobody has."""
    row = store().table("bluesky.dids").get(did)
    if row is None:
        return answer({"message": f"DID not registered: {did[:100]}"}, 404)
    return answer(described(str(row["name"])))


@plc.get("/.well-known/atproto-did")
def own_domain() -> ResponseReturnValue:
    """A handle's own site naming its DID, asked under that name."""
    did = resolved(request.host.partition(":")[0])
    return Response(did or "Not found", 200 if did else 404, mimetype="text/plain")


@bp.get("/xrpc/com.atproto.identity.resolveHandle")
@ROOM.operation("lookup")
def resolve_handle() -> ResponseReturnValue:
    did = resolved(request.args.get("handle", ""))
    if not did:
        raise invalid("Unable to resolve handle")
    return answer({"did": did})


def described(name: str) -> dict[str, object]:
    """The document: the handle it confirms, its key, and the server it lives on."""
    person(name)
    did = did_of(name)
    return {
        "@context": [
            "https://www.w3.org/ns/did/v1",
            "https://w3id.org/security/multikey/v1",
            "https://w3id.org/security/suites/secp256k1-2019/v1",
        ],
        "id": did,
        "alsoKnownAs": [f"at://{handle_of(name)}"],
        "verificationMethod": [
            {
                "id": f"{did}#atproto", "type": "Multikey", "controller": did,
                "publicKeyMultibase": _public_key(name),
            }
        ],
        "service": [
            {
                "id": "#atproto_pds", "type": "AtprotoPersonalDataServer",
                "serviceEndpoint": here(),
            }
        ],
    }  # fmt: skip


def _public_key(name: str) -> str:
    """A real secp256k1 key, the same for the same name, as a multikey."""
    secret = int.from_bytes(hashlib.sha256(f"key\0{name}".encode()).digest()[:31], "big") + 1
    public = ec.derive_private_key(secret, ec.SECP256K1()).public_key()
    raw = b"\xe7\x01" + public.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    number, text = int.from_bytes(raw, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = _BASE58[digit] + text
    return "z" + text
