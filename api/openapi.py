"""The API's description: what the routes do not say by themselves."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from api.problems import Problem

DESCRIPTION = """
Search for convolutional networks: submit a job, follow it, take its best network away.

* **Ids** are UUIDv7, so their order is that of creation. Times are ISO 8601 in UTC. Accuracies are
  shares in [0, 1], losses nats, durations `*_seconds`, sizes `*_bytes`; MACs are
  multiply-accumulates for one image (1 MAC = 2 FLOPs).
* **Pages**: listings take `limit` and `cursor`; pass a page's `next_cursor` on until it is null.
  Trials are filtered by `status` and `where=accuracy>=0.9` (both may be repeated) and sorted by any
  metric: `sort=-accuracy`.
* **Reads** carry an `ETag`; with `If-None-Match` an unchanged one answers 304. They are compressed
  for who accepts gzip.
* **Errors** are problem documents (RFC 9457, `application/problem+json`); `detail` says what was
  given and what is allowed.
* **Bodies** are JSON of at most 1 MiB and 32 levels.
* **Events**: `GET /jobs/{id}/events` and `GET /trials/{id}/log/events` are server-sent events; a
  client that was cut off goes on from its `Last-Event-ID`.
"""


def describe(app: FastAPI) -> None:
    """Add to the generated description what all operations share."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        schema = generate()
        schemas = schema.setdefault("components", {}).setdefault("schemas", {})
        if "Problem" not in schemas:
            described = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(described.pop("$defs"), Problem=described)
            _simplify_tuples(schema)
        return schema

    app.openapi = openapi  # type: ignore[method-assign]


def _simplify_tuples(schema: Any) -> None:
    """Write tuples of one kind of item as arrays, which every reader of OpenAPI understands."""
    if isinstance(schema, list):
        for each in schema:
            _simplify_tuples(each)
    elif isinstance(schema, dict):
        kinds = schema.get("prefixItems")
        if isinstance(kinds, list) and all(kind == kinds[0] for kind in kinds):
            del schema["prefixItems"]
            schema["items"] = kinds[0]
        for each in schema.values():
            _simplify_tuples(each)
