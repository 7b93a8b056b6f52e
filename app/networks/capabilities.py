"""A network described as data: limits, forms, settings, and what an app there needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Option:
    """A setting of a post on one network, as data: form, check and contract come from it.

    ``name`` is the contract's own (camelCase, Ampost's ``settings``). ``kind``: ``choice``,
    ``flag``, ``text``, ``lines`` (long text), ``tags`` (a list of words), ``texts`` (one text,
    or a list of them), ``number``, ``time`` or ``destination``. ``required`` without
    ``default``: a person has to choose.
    ``placements`` it concerns (empty: all). ``limit``: characters, or words of ``tags``.
    ``blank`` says what no choice means. ``locked``: shown, and not this post's to change.
    ``opposite`` are words for what a flag turns off: people are asked that instead, so that a
    box not ticked allows nothing.
    ``shown`` false: clients of a contract may say it; a person does so elsewhere in the composer.
    """

    name: str
    label: str
    kind: str
    choices: tuple[tuple[str, str], ...] = ()  # value, label
    default: Any = None
    required: bool = False
    limit: int = 0
    placements: tuple[str, ...] = ()
    help: str = ""
    blank: str = ""
    locked: bool = False
    opposite: str = ""
    shown: bool = True


@dataclass(frozen=True)
class Notice:
    """What has to be said beside the settings; with ``option``, where that flag is on.

    Of several the first that holds is shown. ``links``, words and addresses, end the sentence.
    """

    text: str
    links: tuple[tuple[str, str], ...] = ()
    option: str = ""


@dataclass(frozen=True)
class Placement:
    """A form a post may take: feed, story, reel … with what it has to hold.

    Counts, seconds and ratios (width by height) that the network demands; 0: no limit.
    ``min_files`` and ``max_files`` count pictures and videos together.
    """

    name: str
    title: str
    min_images: int = 0
    max_images: int = 0
    min_videos: int = 0
    max_videos: int = 0
    min_files: int = 0
    max_files: int = 0
    min_seconds: float = 0.0
    max_seconds: float = 0.0
    ratios: tuple[float, float] = (0.0, 0.0)
    text: bool = True
    comment: bool = True  # takes a first comment, where the network has them
    by_url: tuple[str, ...] = ()  # kinds of media fetched here, beside the network's usual ones

    def holds(self, images: int, videos: int) -> bool:
        """Whether so many pictures and videos have their place here."""
        return (
            self.min_images <= images <= self.max_images
            and self.min_videos <= videos <= self.max_videos
            and self.min_files <= images + videos <= (self.max_files or images + videos)
        )


@dataclass(frozen=True)
class Capabilities:
    """What an account may post; limits are data (counts, bytes, pixels, seconds).

    Catalogue, checks, hints, counters and the docs are made from this and nothing else.
    """

    text_limit: int
    text_unit: str = "characters"  # how the network counts, in words
    max_images: int = 4
    image_mimes: tuple[str, ...] = ("image/jpeg", "image/png", "image/webp", "image/gif")
    max_image_bytes: int = 5_000_000
    max_image_pixels: int = 40_000_000
    max_image_side: int = 0  # 0: no limit
    max_gif_bytes: int = 0  # 0: as images
    image_ratios: tuple[float, float] = (0.0, 0.0)  # width by height; 0: no limit
    one_size: bool = False  # the pictures of a post have to be equally wide and high
    video_mimes: tuple[str, ...] = ()
    video_codecs: tuple[str, ...] = ()  # empty: any
    max_videos: int = 0
    max_files: int = 0  # pictures and videos together; 0: no limit of its own
    max_video_bytes: int = 0
    min_video_seconds: float = 0.0
    max_video_seconds: float = 0.0
    video_ratios: tuple[float, float] = (0.0, 0.0)
    alt_limit: int = 1000
    mixes_media: bool = False
    threads: bool = True
    whole_threads: bool = False  # the first part's call takes all others along
    comment_limit: int = 0  # characters of a first comment; 0: there is none
    link_card: bool = False  # the client has to bring the card itself
    card_words: tuple[str, ...] = ()  # options with a title and a description of its own for it
    needs_media: bool = False
    by_url: tuple[str, ...] = ()  # kinds of media the network fetches: "image", "video"
    destination: str = ""  # what a post needs beside the account: "board", "subreddit"
    named: bool = False  # a person may type its name: ``destination(account, name)`` asks for it
    deletes: bool = True
    schedules: str = ""  # the option by which the network itself makes a post public later
    posts_a_day: int = 0  # in 24 hours, by all apps together; 0: not told
    metrics: tuple[str, ...] = ()  # fields of ``Metrics`` it tells
    placements: tuple[Placement, ...] = ()
    options: tuple[Option, ...] = ()
    notices: tuple[Notice, ...] = ()

    def placement(
        self, options: Mapping[str, Any], images: int = 0, videos: int = 0
    ) -> Placement | None:
        """The placement chosen, else the first that holds so many pictures and videos, else
        the first; ``None`` where the network has but one form."""
        wanted = options.get("placement")
        chosen = [one for one in self.placements if one.name == wanted]
        held = images or videos
        fitting = [one for one in self.placements if held and one.holds(images, videos)]
        return next(iter(chosen + fitting + list(self.placements)), None)

    def fetched(self, options: Mapping[str, Any], images: int, videos: int) -> frozenset[str]:
        """Kinds of media the network fetches of a post of that form: ``image``, ``video``."""
        form = self.placement(options, images, videos)
        return frozenset((*self.by_url, *(form.by_url if form is not None else ())))

    @property
    def addressed(self) -> frozenset[str]:
        """Kinds of media it may fetch, whatever the form: these are given an address."""
        return frozenset((*self.by_url, *(one for form in self.placements for one in form.by_url)))


@dataclass(frozen=True)
class Refusal:
    """A refusal operators meet, in plain words, and what to do about it (promises.md 9)."""

    code: str
    means: str
    step: str


@dataclass(frozen=True)
class About:
    """A network as the catalogue and the credential doctor tell of it.

    ``account_type`` and ``support`` are the Amplify seed's words (``full``, ``partial``,
    ``unsupported``). ``scopes`` are those we ask for; of each group in ``needs`` an account has
    to have one, or it cannot post at all. ``setup`` are the steps to register
    an app there; ``console`` its page. ``review`` says what an unreviewed app may do. ``grant``
    names what a person gives the app as a whole, where ending one sign-in ends all of it.
    """

    account_type: str = "social_profile"
    support: str = "full"
    scopes: tuple[str, ...] = ()
    needs: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()
    console: str = ""
    setup: tuple[str, ...] = ()
    review: str = ""
    grant: str = ""
    refusals: tuple[Refusal, ...] = ()
