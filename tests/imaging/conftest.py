"""``write(bytes)`` is a file with them, ``refused(path)`` the sentence against one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app import images
from app.errors import ValidationFailed


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def made(raw: bytes, name: str = "source") -> Path:
        path = tmp_path / name
        path.write_bytes(raw)
        return path

    return made


@pytest.fixture
def refused() -> Callable[..., str]:
    def sentence(path: Path, declared: str | None = None) -> str:
        with pytest.raises(ValidationFailed) as caught:
            images.inspect(path, declared)
        assert caught.value.field == "file"
        return caught.value.message

    return sentence
