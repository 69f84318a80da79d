"""The layers of ARCHITECTURE.md, read from the includes: an include against their direction fails."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROXY = ("proxy/net", "proxy/http", "proxy/authn", "proxy/upstream", "proxy/crypto", "proxy/observe",
         "proxy/audit", "proxy/session", "proxy")  # fmt: skip
ACCESS = ("proxy/access/store", "proxy/access/kubernetes", "proxy/access/logins", "proxy/access/state", "proxy/access/api")

# A folder may include itself and these; the longest folder that fits a file counts.
MAY_USE: dict[str, tuple[str, ...]] = {
    "kube": (),
    "kube/filter": ("kube",),
    "rbac": ("kube", "kube/filter"),
    "proxy/net": (),
    "proxy/crypto": (),
    "proxy/http": ("kube",),
    "proxy/authn": ("kube", "rbac", "proxy/net", "proxy/crypto", "proxy/http", "proxy/observe"),
    "proxy/observe": ("kube",),
    "proxy/audit": ("kube", "rbac", "proxy/net", "proxy/observe"),
    "proxy/upstream": ("kube", "kube/filter", "rbac", "proxy/net", "proxy/http", "proxy/observe"),
    "proxy/session": ("kube", "kube/filter", "rbac", *PROXY[:-1], *ACCESS),
    "proxy/access/store": ("kube",),
    "proxy/access/kubernetes": ("kube", "proxy/net", "proxy/crypto", "proxy/http", "proxy/observe",
                                "proxy/upstream", "proxy/access/store"),
    "proxy/access/logins": ("kube", "proxy/crypto"),
    "proxy/access/state": ("kube", "rbac", "proxy/net", "proxy/crypto", "proxy/observe",
                           "proxy/authn", "proxy/access/store", "proxy/access/logins"),
    "proxy/access/api": ("kube", "rbac", "proxy/net", "proxy/crypto", "proxy/access/store",
                         "proxy/access/state"),
    "proxy": ("kube", "kube/filter", "rbac", *PROXY, *ACCESS),
    "cli": ("kube", "kube/filter", "rbac", *PROXY),
}

# Values that every folder of proxy/ may use; they use std alone.
SHARED = {"proxy/config_error.h", "proxy/read_file.h"}

# Libraries whose headers stay out of the headers of kube/ and rbac/.
PURE = {"nlohmann", "yaml-cpp", "fmt", "re2", "tl", "protozero"}
IO_HEADERS = re.compile(
    r"(thread|mutex|shared_mutex|condition_variable|future|iostream|fstream|filesystem"
    r"|(sys|netinet|arpa)/.*|unistd\.h|pthread\.h|boost/.*|openssl/.*)$"
)
CLOCKS = re.compile(r"(system_clock|steady_clock|high_resolution_clock)::now|\btime\(|gettimeofday")
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.M)


def layer_of(path: str) -> str | None:
    parts = path.split("/")[:-1]
    while parts:
        if "/".join(parts) in MAY_USE:
            return "/".join(parts)
        parts.pop()
    return None


def sources() -> list[str]:
    found = []
    for folder in ("kube", "rbac", "proxy", "cli"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".h", ".cc"):
                found.append(str(path.relative_to(ROOT)))
    return found


def wrong_includes(path: str, text: str) -> list[str]:
    """What this file may not include, with the reason."""
    own = layer_of(path)
    assert own, f"{path} belongs to no layer"
    wrong = []
    for ours, theirs in INCLUDE.findall(text):
        used = layer_of(ours) if ours else None
        if ours and not used:
            wrong.append(f'"{ours}" belongs to no layer; third-party headers take <>')
        elif ours in SHARED and own.startswith("proxy"):
            continue
        elif ours and used != own and used not in MAY_USE[own]:
            wrong.append(f'{own} must not use {used} ("{ours}")')
        elif theirs and own.split("/")[0] in ("kube", "rbac"):
            wrong += wrong_third_party(path, theirs)
    return wrong


def wrong_third_party(path: str, header: str) -> list[str]:
    """In kube/ and rbac/: no input and output, no threads, no third-party type in a header."""
    if IO_HEADERS.match(header):
        return [f"<{header}> in a pure layer"]
    first = header.split("/")[0]
    if first in PURE and path.endswith(".h") and header != "tl/expected.hpp":
        return [f"<{header}> in a header"]
    return []


def test_architecture_has_the_same_layers() -> None:
    """Its table, where a folder is called by the last part of its name."""
    rows = re.findall(r"^\| `([\w/]+)/` \| .* \| (.*?) \|$", (ROOT / "ARCHITECTURE.md").read_text(), re.M)
    assert {folder for folder, _ in rows} == MAY_USE.keys()
    for number, (folder, words) in enumerate(rows):
        may = set(re.sub(r" \(.*?\)", "", words).split(", ")) - {"—"}
        if words in ("all of the above", "all"):
            may = {above.split("/")[-1] for above, _ in rows[:number]}
        assert may == {name.split("/")[-1] for name in MAY_USE[folder] if name != folder}, folder


@pytest.mark.parametrize("path", sources())
def test_includes_follow_the_layers(path: str) -> None:
    assert wrong_includes(path, (ROOT / path).read_text()) == []


@pytest.mark.parametrize("path", [p for p in sources() if p.split("/")[0] in ("kube", "rbac")])
def test_pure_layers_have_no_clock(path: str) -> None:
    text = re.sub(r"//.*", "", (ROOT / path).read_text())
    assert not CLOCKS.search(text)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("kube/a.cc", '#include "rbac/role.h"'),
        ("rbac/a.h", '#include "proxy/http/codec.h"'),
        ("kube/a.h", "#include <nlohmann/json.hpp>"),
        ("kube/filter/a.cc", "#include <thread>"),
        ("rbac/a.cc", "#include <boost/asio.hpp>"),
        ("proxy/http/a.cc", '#include "proxy/session/session.h"'),
        ("proxy/net/a.cc", '#include "cli/main.h"'),
        ("kube/a.cc", '#include "nlohmann/json.hpp"'),
    ],
)
def test_this_test_can_fail(path: str, line: str) -> None:
    assert wrong_includes(path, f"#pragma once\n{line}\n")
