"""The bill of materials against the image that it is of, and against SPDX 2.3."""

import hashlib
import json
import re
from typing import Any

import debian_packages as debian
import pytest
from built_image import Built
from layout import Layout

REQUIRED = {
    "document": ("spdxVersion", "dataLicense", "SPDXID", "name", "documentNamespace", "creationInfo"),
    "package": ("SPDXID", "name", "downloadLocation", "licenseConcluded", "licenseDeclared",
                "copyrightText"),
    "file": ("SPDXID", "fileName", "checksums", "licenseConcluded", "copyrightText"),
}  # fmt: skip


@pytest.fixture(scope="module")
def bill(built: Built) -> Any:
    return json.loads(built.bill.read_text())


@pytest.fixture(scope="module")
def layout(built: Built) -> Layout:
    return Layout(built.archive)


def related(bill: Any, how: str) -> list[tuple[str, str]]:
    return [
        (r["spdxElementId"], r["relatedSpdxElement"])
        for r in bill["relationships"]
        if r["relationshipType"] == how
    ]


def test_it_has_what_spdx_requires(bill: Any) -> None:
    assert set(REQUIRED["document"]) <= set(bill)
    assert bill["spdxVersion"] == "SPDX-2.3" and bill["dataLicense"] == "CC0-1.0"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", bill["creationInfo"]["created"])
    assert all(creator.startswith("Tool: ") for creator in bill["creationInfo"]["creators"])
    assert re.fullmatch(r"https://[^#\s]+", bill["documentNamespace"])
    for package in bill["packages"]:
        assert set(REQUIRED["package"]) <= set(package), package
        assert package["filesAnalyzed"] == ("packageVerificationCode" in package)
    for entry in bill["files"]:
        assert set(REQUIRED["file"]) <= set(entry), entry
        assert entry["fileName"].startswith("./")


def test_identifiers_are_unique_and_relationships_lead_somewhere(bill: Any) -> None:
    known = [bill["SPDXID"], *(e["SPDXID"] for e in [*bill["packages"], *bill["files"]])]
    assert len(known) == len(set(known))
    assert all(re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", name) for name in known)
    for relationship in bill["relationships"]:
        assert {relationship["spdxElementId"], relationship["relatedSpdxElement"]} <= set(known)
    assert related(bill, "DESCRIBES") == [("SPDXRef-DOCUMENT", "SPDXRef-Package-image")]


def test_every_file_of_the_image_is_in_it(bill: Any, layout: Layout) -> None:
    in_image = {
        f"./{name}": hashlib.sha256(data).hexdigest()
        for name, (member, data) in layout.entries().items()
        if member.isfile()
    }
    listed = {
        entry["fileName"]: {c["algorithm"]: c["checksumValue"] for c in entry["checksums"]}
        for entry in bill["files"]
    }
    assert {name: sums["SHA256"] for name, sums in listed.items()} == in_image
    (image,) = [p for p in bill["packages"] if p["SPDXID"] == "SPDXRef-Package-image"]
    code = hashlib.sha1("".join(sorted(s["SHA1"] for s in listed.values())).encode()).hexdigest()
    assert image["packageVerificationCode"]["packageVerificationCodeValue"] == code


def test_every_debian_package_of_the_image_is_in_it(bill: Any, layout: Layout) -> None:
    folder = "var/lib/dpkg/status.d/"
    in_image = {n.removeprefix(folder) for n in layout.entries() if n.startswith(folder) and n != folder}
    names = {p["SPDXID"]: p["name"] for p in bill["packages"]}
    contained = {names[other] for _, other in related(bill, "CONTAINS") if other in names}
    assert contained == in_image | {"postern"} and {"libc6", "libssl3", "ca-certificates"} < in_image
    by_name = {p["name"]: p for p in bill["packages"]}
    for name in in_image:
        known = debian.package(name)
        assert by_name[name]["versionInfo"] == known.version
        (reference,) = by_name[name]["externalRefs"]
        assert reference["referenceLocator"].startswith(f"pkg:deb/debian/{name.replace('+', '%2B')}@")
        assert f"usr/share/doc/{name}/copyright" in layout.entries()


def test_what_was_compiled_in_is_in_it(bill: Any) -> None:
    names = {p["SPDXID"]: p["name"] for p in bill["packages"]}
    built_with = {names[one] for one, _ in related(bill, "BUILD_DEPENDENCY_OF")}
    # Nothing but headers, so that no shared library tells of them.
    assert {"libboost1.81-dev", "libspdlog-dev", "nlohmann-json3-dev", "libcli11-dev"} <= built_with
