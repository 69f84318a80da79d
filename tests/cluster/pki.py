"""Certificate authorities and certificates of a test cluster, made by the openssl program."""

import base64
import hashlib
import ipaddress
import os
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path


class PkiError(Exception):
    """openssl refused; the text is what it said."""


@dataclass(frozen=True)
class KeyPair:
    """A PEM certificate (or public key) and its PEM private key (mode 0600), as files."""

    cert_file: Path
    key_file: Path


def _openssl(*args: str) -> None:
    done = subprocess.run(
        ["openssl", *args], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise PkiError(f"openssl {args[0]}: {done.stderr.strip()}")


def _subject(common_name: str, organizations: tuple[str, ...]) -> str:
    """An openssl -subj value; what would separate names is escaped."""

    def escaped(text: str) -> str:
        return "".join("\\" + c if c in "\\/+=" else c for c in text)

    names = [f"O={escaped(name)}" for name in organizations] + [f"CN={escaped(common_name)}"]
    return "/" + "/".join(names)


def _san(names: tuple[str, ...]) -> str:
    """A subjectAltName extension for DNS names and addresses."""

    def entry(name: str) -> str:
        try:
            return f"IP:{ipaddress.ip_address(name)}"
        except ValueError:
            return f"DNS:{name}"

    return "subjectAltName=" + ",".join(entry(name) for name in names)


def _new_key(path: Path) -> None:
    path.touch(mode=0o600)
    curve = "ec_paramgen_curve:P-256"
    _openssl("genpkey", "-algorithm", "EC", "-pkeyopt", curve, "-out", str(path))
    os.chmod(path, 0o600)


def signing_keys(folder: Path, name: str) -> KeyPair:
    """A bare key pair (NAME.pub, NAME.key), as service account tokens are signed with."""
    pair = KeyPair(folder / f"{name}.pub", folder / f"{name}.key")
    _new_key(pair.key_file)
    _openssl("pkey", "-in", str(pair.key_file), "-pubout", "-out", str(pair.cert_file))
    return pair


def key_pin(certificate: Path) -> str:
    """`sha256:…` of a PEM certificate's public key, by which `postern --ca-pin` knows it."""
    key = subprocess.run(["openssl", "x509", "-in", str(certificate), "-noout", "-pubkey"],
                         capture_output=True, check=True).stdout  # fmt: skip
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=key,
                         capture_output=True, check=True).stdout  # fmt: skip
    return "sha256:" + hashlib.sha256(der).hexdigest()


def certificate_pin(certificate: Path) -> str:
    """The same of the whole certificate."""
    der = ssl.PEM_cert_to_DER_cert(certificate.read_text()[certificate.read_text().index("-----BEGIN") :])
    return "sha256:" + hashlib.sha256(der).hexdigest()


class Authority:
    """A certificate authority whose files are FOLDER/NAME.crt and FOLDER/NAME.key."""

    def __init__(self, folder: Path, name: str, common_name: str) -> None:
        self.folder = folder
        self.cert_file = folder / f"{name}.crt"
        self.key_file = folder / f"{name}.key"
        _new_key(self.key_file)
        _openssl(
            "req", "-x509", "-new", "-key", str(self.key_file), "-out", str(self.cert_file),
            "-days", "30", "-subj", _subject(common_name, ()),
            "-addext", "basicConstraints=critical,CA:TRUE",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign,digitalSignature",
        )  # fmt: skip

    def issue(
        self,
        name: str,
        common_name: str,
        organizations: tuple[str, ...] = (),
        hosts: tuple[str, ...] = (),
        days: int = 29,
    ) -> KeyPair:
        """A certificate FOLDER/NAME.crt with its key; with `hosts` it also serves TLS."""
        pair = KeyPair(self.folder / f"{name}.crt", self.folder / f"{name}.key")
        usage = "clientAuth,serverAuth" if hosts else "clientAuth"
        extensions = ["-addext", f"extendedKeyUsage={usage}"]
        extensions += ["-addext", "basicConstraints=critical,CA:FALSE"]
        extensions += ["-addext", "keyUsage=critical,digitalSignature"]
        if hosts:
            extensions += ["-addext", _san(hosts)]
        _new_key(pair.key_file)
        _openssl(
            "req", "-x509", "-new", "-utf8", "-key", str(pair.key_file),
            "-out", str(pair.cert_file), "-CA", str(self.cert_file), "-CAkey", str(self.key_file),
            "-days", str(days), "-subj", _subject(common_name, organizations), *extensions,
        )  # fmt: skip
        return pair

    def sign_again(self, pair: KeyPair, days: int) -> None:
        """The same certificate with another end; a negative one has been already."""
        request, signed = pair.cert_file.with_suffix(".csr"), pair.cert_file.with_suffix(".signed")
        _openssl(
            "x509", "-x509toreq", "-in", str(pair.cert_file), "-signkey", str(pair.key_file),
            "-copy_extensions", "copy", "-out", str(request),
        )  # fmt: skip
        _openssl(
            "x509", "-req", "-in", str(request), "-out", str(signed), "-copy_extensions", "copy",
            "-CA", str(self.cert_file), "-CAkey", str(self.key_file), "-days", str(days),
        )  # fmt: skip
        signed.rename(pair.cert_file)


def _data(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def write_kubeconfig(
    path: Path,
    *,
    name: str,
    server: str,
    ca_file: Path,
    client: KeyPair | None = None,
    token: str | None = None,
    namespace: str = "default",
) -> Path:
    """A kubeconfig (mode 0600) with everything inside it, so that it can be moved."""
    user = []
    if client:
        user.append(f"client-certificate-data: {_data(client.cert_file)}")
        user.append(f"client-key-data: {_data(client.key_file)}")
    if token:
        user.append(f"token: {token}")
    text = f"""apiVersion: v1
kind: Config
current-context: {name}
clusters:
- name: {name}
  cluster:
    server: {server}
    certificate-authority-data: {_data(ca_file)}
contexts:
- name: {name}
  context: {{cluster: {name}, user: {name}, namespace: {namespace}}}
users:
- name: {name}
  user: {{{", ".join(user)}}}
"""
    path.touch(mode=0o600)
    os.chmod(path, 0o600)
    path.write_text(text, encoding="utf-8")
    return path
