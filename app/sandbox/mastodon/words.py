"""How the instance says no: ``{"error": "…"}`` in the caller's language (§5)."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Response, jsonify, request

from app.sandbox.faults import Hit

# Key → English, German, French. The texts are ours; only their meaning is Mastodon's.
TEXTS: dict[str, tuple[str, str, str]] = {
    "too_many": ("Too many requests", "Zu viele Anfragen", "Trop de requêtes"),
    "token_unknown": (
        "The access token is invalid", "Der Zugriffstoken ist ungültig",
        "Le jeton d’accès n’est pas valide",
    ),
    "token_revoked": (
        "The access token was revoked", "Der Zugriffstoken wurde widerrufen",
        "Le jeton d’accès a été révoqué",
    ),
    "user_needed": (
        "This method requires an authenticated user", "Dafür muss jemand angemeldet sein",
        "Cette méthode demande un compte connecté",
    ),
    "disabled": (
        "Your login is currently disabled", "Deine Anmeldung ist derzeit gesperrt",
        "Votre connexion est actuellement désactivée",
    ),
    "scope": (
        "This action is outside the authorized scopes",
        "Diese Aktion liegt außerhalb der erlaubten Befugnisse",
        "Cette action dépasse les permissions accordées",
    ),
    "not_found": ("Record not found", "Eintrag nicht gefunden", "Enregistrement introuvable"),
    "parent_gone": (
        "The post you are trying to reply to could not be found.",
        "Der Beitrag, auf den du antwortest, wurde nicht gefunden.",
        "Le message auquel vous répondez est introuvable.",
    ),
    "not_ready": (
        "Cannot attach files that have not finished processing. Try again in a moment!",
        "Dateien, die noch verarbeitet werden, können nicht angehängt werden.",
        "Impossible de joindre des fichiers dont le traitement n’est pas terminé.",
    ),
    "media_unknown": (
        "Media {ids} not found or already attached to another post",
        "Medien {ids} nicht gefunden oder schon angehängt",
        "Média {ids} introuvable ou déjà joint à un autre message",
    ),
    "media_many": (
        "Cannot attach more than {limit} files", "Mehr als {limit} Dateien gehen nicht",
        "Pas plus de {limit} fichiers",
    ),
    "media_mixed": (
        "Cannot attach a video to a post that already contains images",
        "Ein Video kann nicht zu Bildern angehängt werden",
        "Impossible de joindre une vidéo à un message contenant des images",
    ),
    "long": (
        "Validation failed: Text character limit of {limit} exceeded",
        "Gültigkeitsprüfung gescheitert: Text überschreitet {limit} Zeichen",
        "La validation a échoué : le texte dépasse {limit} caractères",
    ),
    "blank": (
        "Validation failed: Text can't be blank",
        "Gültigkeitsprüfung gescheitert: Text muss ausgefüllt werden",
        "La validation a échoué : le texte doit être rempli",
    ),
    "invalid": (
        "Validation failed: {what} is invalid",
        "Gültigkeitsprüfung gescheitert: {what} ist ungültig",
        "La validation a échoué : {what} n’est pas valide",
    ),
    "file_type": (
        "Validation failed: File content type is invalid, File is invalid",
        "Gültigkeitsprüfung gescheitert: Dateityp ist ungültig",
        "La validation a échoué : le type du fichier n’est pas valide",
    ),
    "file_unsure": (
        "File type of uploaded media could not be verified",
        "Der Dateityp konnte nicht überprüft werden",
        "Le type du fichier n’a pas pu être vérifié",
    ),
    "file_size": (
        "Validation failed: File file size must be less than {limit}",
        "Gültigkeitsprüfung gescheitert: Datei muss kleiner als {limit} sein",
        "La validation a échoué : le fichier doit faire moins de {limit}",
    ),
    "file_matrix": (
        "Validation failed: {size} images are not supported",
        "Gültigkeitsprüfung gescheitert: Bilder von {size} gehen nicht",
        "La validation a échoué : les images {size} ne sont pas prises en charge",
    ),
    "alt_long": (
        "Validation failed: Description is too long (maximum is {limit} characters)",
        "Gültigkeitsprüfung gescheitert: Beschreibung ist zu lang (höchstens {limit} Zeichen)",
        "La validation a échoué : la description est trop longue (maximum {limit} caractères)",
    ),
    "processing": (
        "Error processing thumbnail for uploaded media",
        "Fehler beim Verarbeiten des Vorschaubilds",
        "Erreur lors du traitement de l’aperçu",
    ),
}  # fmt: skip
LANGUAGES = ("en", "de", "fr")
PAGE = (
    "<!DOCTYPE html><html><head><title>500</title></head><body>"
    "<h1>Something went wrong on our end.</h1></body></html>"
)


def text(key: str, **values: object) -> str:
    """The sentence in the language of ``Accept-Language``, English by default."""
    language = request.accept_languages.best_match(LANGUAGES) or "en"
    return TEXTS[key][LANGUAGES.index(language)].format(**values)


def no(status: int, key: str, **values: object) -> Response:
    """An error answer."""
    return said(status, text(key, **values))


def said(status: int, sentence: str) -> Response:
    """An error answer in words of its own."""
    response = jsonify(error=sentence)
    response.status_code = status
    return response


def oauth_no(status: int, word: str, sentence: str) -> Response:
    """An error of the token endpoints (RFC 6749 §5.2)."""
    response = jsonify(error=word, error_description=sentence)
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response


def wrong(status: int, message: str) -> Response:
    """What no view has said; a failure of the server is a page, as behind a real one."""
    if status >= 500:
        return Response(PAGE, status, mimetype="text/html")
    return no(404, "not_found") if status == 404 else said(status, message)


def reset(at: float) -> str:
    """Unix seconds as the headers have them: ISO 8601 with microseconds (§4)."""
    stamp = datetime.fromtimestamp(at, UTC)
    return stamp.isoformat(timespec="microseconds").replace("+00:00", "Z")


def refuse(hit: Hit) -> Response | None:
    """A fault in the instance's words; there is no duplicate rejection here (§5)."""
    posting = request.method == "POST" and request.path.rstrip("/").endswith("/statuses")
    uploading = request.method == "POST" and request.path.rstrip("/").endswith("/media")
    at_token = "/oauth/" in request.path
    if hit.kind == "http_429":
        response = no(429, "too_many")
        moment = datetime.now(UTC).timestamp() + hit.retry_after
        response.headers["X-RateLimit-Limit"] = "300"
        response.headers["X-RateLimit-Remaining"] = "0"
        response.headers["X-RateLimit-Reset"] = reset(moment)
        return response
    if hit.kind == "revoked":
        if at_token:
            return oauth_no(400, "invalid_grant", "The grant is invalid, expired or revoked.")
        return no(401, "token_revoked")
    if hit.kind == "processing" and posting:
        return no(422, "not_ready")
    if hit.kind == "http_500" and uploading:
        return no(500, "processing")
    return None
