"""JSON web tokens as a cluster's API server signs them, with claims that its TokenRequest does not give."""

import base64
import json
import subprocess
from pathlib import Path
from typing import Any


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _plain_signature(der: bytes) -> bytes:
    """JOSE has the two numbers of an ECDSA signature side by side (RFC 7518 §3.4), OpenSSL a SEQUENCE."""
    numbers, at = [], 2
    for _ in range(2):
        length = der[at + 1]
        numbers.append(int.from_bytes(der[at + 2 : at + 2 + length], "big"))
        at += 2 + length
    return b"".join(number.to_bytes(32, "big") for number in numbers)


def claims_of(token: str) -> dict[str, Any]:
    return dict(json.loads(_decode(token.split(".")[1])))


def sign_again(token: str, key_file: Path, **claims: Any) -> str:
    """The same token (ES256) with other claims, by the cluster's own key."""
    body = _encode(json.dumps({**claims_of(token), **claims}).encode())
    signed = f"{token.split('.')[0]}.{body}"
    done = subprocess.run(
        ["openssl", "dgst", "-sha256", "-sign", str(key_file)],
        input=signed.encode(), capture_output=True, check=True,
    )  # fmt: skip
    return f"{signed}.{_encode(_plain_signature(done.stdout))}"
