"""The certificate authority of the proxy: one for each user, made when it is first needed, with trustme.

Its key stays on this machine, readable by its owner alone: who has it can read what the clients that trust it send. It
must not know a request or a cassette.
"""

from __future__ import annotations

import base64
import datetime
import functools
import hashlib
import os
import ssl
import tempfile
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ...persisters import locking, whole

CERTIFICATE, KEY = "vcr-ca.pem", "vcr-ca-key.pem"
#: Days. Some clients refuse certificates that are valid for longer.
_VALID = 397


class AuthorityError(OSError):
    """The certificate or the key cannot be read or made."""


class Authority:
    """What signs certificates. ``path``: of its own certificate, which clients are to trust."""

    def __init__(self, directory: str) -> None:
        """Use what is in ``directory``, or make it. Raises AuthorityError."""
        try:
            os.makedirs(directory, mode=0o700, exist_ok=True)
            self._directory = os.path.realpath(directory)
            self.path = os.path.join(self._directory, CERTIFICATE)
            with locking.alone_in(self._directory):
                if not os.path.exists(self.path):
                    self._make()
                certificate, key = Path(self.path).read_bytes(), Path(self._key_path).read_bytes()
            self._signer = trustme.CA.from_pem(certificate, key)
            self._certificate = x509.load_pem_x509_certificate(certificate)
        except (OSError, ValueError) as error:
            raise AuthorityError(f"the CA in {directory} cannot be used: {error}") from error
        self.context_for = functools.lru_cache(maxsize=256)(self._context_for)

    @property
    def _key_path(self) -> str:
        return os.path.join(self._directory, KEY)

    def _make(self) -> None:
        made = trustme.CA(organization_name="vcr", organization_unit_name="vcr serve --proxy")
        # The key first: where there is a certificate, there is its key.
        whole.replace(self._key_path, [made.private_key_pem.bytes()], 0o600)
        whole.replace(self.path, [made.cert_pem.bytes()], 0o644)

    @property
    def is_exposed(self) -> bool:
        """Whether other users of this machine may read the key."""
        return os.name == "posix" and bool(os.stat(self._key_path).st_mode & 0o077)

    @property
    def pin(self) -> str:
        """The hash of its public key, as Chromium takes it."""
        key = self._certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(hashlib.sha256(key).digest()).decode("ascii")

    def _context_for(self, host: str) -> ssl.SSLContext:
        """What a server of this name shows its clients. Raises ValueError for what is no name of a server."""
        now = datetime.datetime.now(datetime.timezone.utc)
        leaf = self._signer.issue_cert(
            host, not_before=now - datetime.timedelta(days=1), not_after=now + datetime.timedelta(days=_VALID)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["http/1.1"])
        # Python loads certificates from files only. The CA's own is sent along: Chromium looks for it there.
        with tempfile.TemporaryDirectory(prefix="vcr-serve-") as directory:
            chain = os.path.join(directory, "chain.pem")
            content = [leaf.private_key_and_cert_chain_pem.bytes(), self._certificate.public_bytes(Encoding.PEM)]
            whole.replace(chain, content, 0o600)
            context.load_cert_chain(chain)
        return context
