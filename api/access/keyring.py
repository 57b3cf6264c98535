"""Finding out who holds a key."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from datetime import timedelta

from nas.access import parse_token
from nas.access.tokens import KeyToken, hash_of_nobody
from nas.database import Database
from nas.database.api_keys import ApiKeyRow, find_key
from nas.ids import utc_now

_REMEMBERED = 1024
_USE_NOTED_EVERY = timedelta(minutes=1)


class Keyring:
    """The keys of the database, and which tokens were checked against them already.

    Argon2 is slow on purpose; a token that passed once is known again by its SHA-256 as long as
    the key's hash stays the same. Whether the key is revoked is read anew each time.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._passed: OrderedDict[bytes, str] = OrderedDict()
        self._lock = threading.Lock()

    def holder(self, text: str) -> ApiKeyRow | None:
        """Return the key that `text` is the token of, None if there is none or it is revoked."""
        token = parse_token(text)
        if token is None:
            return None
        with self._database.read() as session:
            row = find_key(session, token.key_id)
        if row is None or row.revoked_at is not None:
            token.matches(hash_of_nobody())  # as slow as for a key that is there
            return None
        if not self._is_right(token, text, row.secret_hash):
            return None
        self._note_use(row)
        return row

    def _is_right(self, token: KeyToken, text: str, stored: str) -> bool:
        digest = hashlib.sha256(text.encode()).digest()
        with self._lock:
            if self._passed.get(digest) == stored:
                return True
        if not token.matches(stored):
            return False
        with self._lock:
            self._passed[digest] = stored
            while len(self._passed) > _REMEMBERED:
                self._passed.popitem(last=False)
        return True

    def _note_use(self, row: ApiKeyRow) -> None:
        now = utc_now()
        if row.last_used_at is not None and now - row.last_used_at < _USE_NOTED_EVERY:
            return
        with self._database.write() as session:
            found = find_key(session, row.id)
            if found is not None:
                found.last_used_at = now
