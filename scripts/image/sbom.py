"""A software bill of materials: SPDX 2.3 in JSON, of the image and of what was compiled into postern.

Every regular file of the image is listed with its checksums; every Debian package that one of them
is of, with its purl, so that a scanner can tell what is known about it. Packages whose headers were
compiled in (there are libraries that are nothing but headers) are build dependencies of postern.

Source: SPDX specification 2.3, https://spdx.github.io/spdx-spec/v2.3/; purl's type `deb`.
"""

import hashlib
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import debian_packages as debian
from contents import PROGRAM
from image_format import Entry, File, encode, timestamp

Json = dict[str, Any]


def compiled_in(build_folder: Path) -> list[debian.Package]:
    """The Debian packages whose headers the build in this folder has read."""
    done = subprocess.run(
        ["ninja", "-C", str(build_folder), "-t", "deps"], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{build_folder} is no ninja build: {done.stderr.strip()}")
    headers = {Path(line.strip()) for line in done.stdout.splitlines() if line.startswith("    /usr/")}
    if not headers:
        raise RuntimeError(f"nothing was built in {build_folder}")
    return [debian.package(name) for name in sorted(set(debian.owners(sorted(headers)).values()))]


def _identifier(kind: str, name: str) -> str:
    return f"SPDXRef-{kind}-{re.sub(r'[^A-Za-z0-9.]', '-', name)}"


def _purl(package: debian.Package, release: str) -> str:
    name, version = quote(package.name, safe=""), quote(package.version, safe="")
    return f"pkg:deb/debian/{name}@{version}?arch={package.architecture}&distro=debian-{release}"


def _debian_package(package: debian.Package, release: str) -> Json:
    described = {
        "SPDXID": _identifier("Package", package.name),
        "name": package.name,
        "versionInfo": package.version,
        "supplier": "Organization: Debian",
        "originator": f"Person: {package.maintainer}",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "sourceInfo": f"built from {package.source} {package.source_version}",
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "NOASSERTION",
        "licenseComments": f"usr/share/doc/{package.name}/copyright",
        "copyrightText": "NOASSERTION",
        "externalRefs": [
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": _purl(package, release),
            }
        ],
    }
    if package.homepage:
        described["homepage"] = package.homepage
    return described


def _file(name: str, data: bytes) -> Json:
    kind = "BINARY" if data.startswith(b"\x7fELF") else "TEXT"
    return {
        "SPDXID": _identifier("File", hashlib.sha256(name.encode()).hexdigest()[:16]),
        "fileName": f"./{name}",
        "fileTypes": [kind],
        "checksums": [
            {"algorithm": "SHA1", "checksumValue": hashlib.sha1(data).hexdigest()},
            {"algorithm": "SHA256", "checksumValue": hashlib.sha256(data).hexdigest()},
        ],
        "licenseConcluded": "NOASSERTION",
        "licenseInfoInFiles": ["NOASSERTION"],
        "copyrightText": "NOASSERTION",
    }


def _verification_code(files: Iterable[Json]) -> str:
    """SPDX 2.3 §7.9: over the sorted SHA-1 of all files."""
    sums = sorted(entry["checksums"][0]["checksumValue"] for entry in files)
    return hashlib.sha1("".join(sums).encode()).hexdigest()


def _postern(version: str, revision: str) -> Json:
    return {
        "SPDXID": "SPDXRef-Package-postern",
        "name": "postern",
        "versionInfo": version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "sourceInfo": f"built from commit {revision}",
        "primaryPackagePurpose": "APPLICATION",
        "licenseConcluded": "Apache-2.0",
        "licenseDeclared": "Apache-2.0",
        "copyrightText": "NOASSERTION",
        "externalRefs": [
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": f"pkg:generic/postern@{version}",
            }
        ],
    }


def _image(version: str, files: list[Json]) -> Json:
    return {
        "SPDXID": "SPDXRef-Package-image",
        "name": "postern-image",
        "versionInfo": version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": True,
        "packageVerificationCode": {"packageVerificationCodeValue": _verification_code(files)},
        "primaryPackagePurpose": "CONTAINER",
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "NOASSERTION",
        "licenseInfoFromFiles": ["NOASSERTION"],
        "copyrightText": "NOASSERTION",
    }


def _related(one: str, how: str, other: str) -> Json:
    return {"spdxElementId": one, "relationshipType": how, "relatedSpdxElement": other}


def bill(
    tree: Mapping[str, Entry],
    packages: Sequence[debian.Package],
    built_with: Sequence[debian.Package],
    *,
    version: str,
    revision: str,
    created: int,
    debian_release: str,
) -> Json:
    """The document. `built_with` may be empty when nobody knows any more."""
    files = [_file(name, entry.read()) for name, entry in sorted(tree.items()) if isinstance(entry, File)]
    image, postern = _image(version, files), _postern(version, revision)
    everything = {package.name: package for package in [*packages, *built_with]}
    listed = [_debian_package(package, debian_release) for _, package in sorted(everything.items())]
    program = next((entry for entry in files if entry["fileName"] == f"./{PROGRAM}"), None)
    related = [_related("SPDXRef-DOCUMENT", "DESCRIBES", image["SPDXID"])]
    related += [_related(image["SPDXID"], "CONTAINS", postern["SPDXID"])]
    related += [_related(image["SPDXID"], "CONTAINS", entry["SPDXID"]) for entry in files]
    related += [_related(image["SPDXID"], "CONTAINS", _identifier("Package", p.name)) for p in packages]
    related += [
        _related(_identifier("Package", p.name), "BUILD_DEPENDENCY_OF", postern["SPDXID"])
        for p in built_with
    ]
    if program:
        related += [_related(program["SPDXID"], "GENERATED_FROM", postern["SPDXID"])]
    document: Json = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"postern-image-{version}",
        "creationInfo": {"created": timestamp(created), "creators": ["Tool: postern-image"]},
        "packages": [image, postern, *listed],
        "files": files,
        "relationships": related,
    }
    digest = hashlib.sha256(encode(document)).hexdigest()
    document["documentNamespace"] = f"https://spdx.org/spdxdocs/postern-image-{version}-{digest[:32]}"
    return document
