"""Sending one mail over SMTP; no database."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from app.config import Config

SECONDS = 20.0


class NotSent(Exception):
    """The mail server did not take it; ``final`` where trying again cannot help."""

    def __init__(self, message: str, *, final: bool = False) -> None:
        super().__init__(message)
        self.final = final


def send(config: Config, to: str, subject: str, text: str) -> None:
    """Hand a plain-text mail to ``SMTP_URL`` (``smtp://`` with STARTTLS, or ``smtps://``)."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = config.MAIL_FROM, to, subject
    mail.set_content(text)
    parts = urlsplit(config.SMTP_URL)
    host = parts.hostname or "localhost"
    try:
        if parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, parts.port or 465, timeout=SECONDS, context=ssl.create_default_context()
            )
        else:
            server = smtplib.SMTP(host, parts.port or 25, timeout=SECONDS)
        with server:
            server.ehlo()
            if parts.scheme != "smtps" and server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            server.send_message(mail)
    except smtplib.SMTPRecipientsRefused as error:
        raise NotSent("The address was refused.", final=True) from error
    except (smtplib.SMTPException, OSError) as error:
        raise NotSent(f"{type(error).__name__}") from error
