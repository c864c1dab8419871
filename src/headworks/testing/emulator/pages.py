"""Documents read page by page, in the shape of Mistral's OCR: whatever the document is, a page says its number."""

from __future__ import annotations

import msgspec

from headworks.testing.emulator.question import JsonObject, Rejection

_USUAL = 2
"""Pages of a document of which the request lists none."""


def read_pages(body: JsonObject) -> bytes:
    """Answer an `/ocr` body. Raises `Rejection`."""
    if not isinstance(body.get("document"), dict) or not body.get("model"):
        raise Rejection(422, "invalid_request_error", "Field required: 'model' and 'document'.", param="document")
    listed = body.get("pages")
    numbers = listed if isinstance(listed, list) else list(range(_USUAL))
    return msgspec.json.encode(
        {
            "pages": [
                {
                    "index": number,
                    "markdown": f"# Page {number}",
                    "images": [],
                    "dimensions": {"dpi": 200, "height": 1, "width": 1},
                }
                for number in numbers
            ],
            "model": body["model"],
            "usage_info": {"pages_processed": len(numbers), "doc_size_bytes": None},
        }
    )
