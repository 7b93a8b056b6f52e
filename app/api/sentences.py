"""What is wrong with a field, in words that say what to send (reliability §7).

The checks of the schemas speak to programmers; here each kind of theirs gets a sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TEXT, LIST, OBJECT = "This has to be text.", "This has to be a list.", "This has to be an object."
WHOLE, NUMBER = "This has to be a whole number.", "This has to be a number."
TIME = "Give a date and time, as 2026-04-12T09:00:00Z."
ID = "This is no id: ids look like 0196b5f0-3f40-7c50-9d5e-2a7c31b0e4f1."
SENTENCES = {
    "missing": "This field is required.",
    "string_type": TEXT, "list_type": LIST, "dict_type": OBJECT, "model_type": OBJECT,
    "model_attributes_type": OBJECT, "bool_type": "This has to be true or false.",
    "bool_parsing": "This has to be true or false.",
    "int_type": WHOLE, "int_parsing": WHOLE, "int_from_float": WHOLE,
    "int_parsing_size": "This number is too large.", "float_type": NUMBER,
    "float_parsing": NUMBER, "finite_number": NUMBER, "uuid_type": ID, "uuid_parsing": ID,
    "datetime_type": TIME, "datetime_parsing": TIME, "datetime_from_date_parsing": TIME,
    "datetime_object_invalid": TIME,
    "greater_than_equal": "This has to be {ge} or more.",
    "less_than_equal": "This has to be {le} or less.",
    "string_too_long": "Keep this to {max_length} characters at most.",
    "too_long": "Give {max_length} of these at most.",
    "enum": "Choose one of these: {expected}.", "literal_error": "Choose one of these: {expected}.",
}  # fmt: skip


def of(kind: str, message: str, context: Mapping[str, Any]) -> str:
    """The sentence of one finding of pydantic; ``context`` holds its figures."""
    if kind == "string_too_short" and context.get("min_length") == 1:
        return SENTENCES["missing"]
    found = SENTENCES.get(kind)
    if found is not None:
        return found.format_map(context)
    return message.removeprefix("Value error, ").rstrip(".") + "."
