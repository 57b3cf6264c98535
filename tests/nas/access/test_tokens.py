from __future__ import annotations

import pytest

from nas.access import new_token, parse_token


def test_token_survives_being_written_and_read():
    token = new_token()
    assert parse_token(str(token)) == token


def test_only_the_right_secret_matches_the_hash():
    token, other = new_token(), new_token()
    assert token.matches(token.hashed())
    assert not other.matches(token.hashed())
    assert not token.matches("no hash")


def test_hash_is_argon2id_and_salted():
    token = new_token()
    first, second = token.hashed(), token.hashed()
    assert first.startswith("$argon2id$")
    assert first != second
    assert token.secret not in first


def test_secret_is_not_in_what_a_log_would_show():
    token = new_token()
    assert token.secret not in repr(token)


@pytest.mark.parametrize(
    "text", ["", "nas_", "nas_1_2", "Bearer x", f"nas_{32 * '0'}_{44 * 'x'}", "\0"]
)
def test_anything_else_is_no_token(text):
    assert parse_token(text) is None
