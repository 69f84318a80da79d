#!/usr/bin/python3
"""Builds the programs of the test cluster from their Go modules, once, into a cache.

    build_tools.py [--path] [TOOL | SET ...]

TOOL is a program of the table below; SET is `cluster` (what a cluster with kwok needs), `node`
(what the real node needs besides), `helm` or `all` (the default). Progress goes to stderr; with
`--path` the path of each program goes to stdout, one a line, in the order of the arguments.

As a module: `ensure(names) -> {name: Path}` builds what is missing and returns where things are.

The cache is ${POSTERN_CACHE:-${XDG_CACHE_HOME:-~/.cache}/postern}/tools/MODULE-HASH/bin, where HASH
covers the module's go.mod and go.sum, its own programs and the build flags, so that a change of any
of them builds anew. A program appears there by rename when it is whole; a file lock lets one of several runs
build and the others wait. KUBEBUILDER_ASSETS names a folder whose etcd, kube-apiserver, kubectl
(and whichever others of the table it holds) are used as they are.

A Go that is older than the modules ask for brings the right one itself, as a module.
"""

import argparse
import fcntl
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

MODULES = Path(__file__).resolve().parent / "tools"
GO_TOOLCHAIN = "go1.26.8"
VERSION_FLAGS = {
    # Without these the server calls itself v0.0.0 and kubectl warns of it.
    "kubernetes": " ".join(
        f"-X k8s.io/{package}.gitVersion=v1.37.2 -X k8s.io/{package}.gitMajor=1"
        f" -X k8s.io/{package}.gitMinor=37"
        for package in ("component-base/version", "client-go/pkg/version")
    ),
    "kwok": "-X sigs.k8s.io/kwok/pkg/consts.Version=v0.8.0",
    "helm": "-X helm.sh/helm/v4/internal/version.version=v4.3.1",
}


@dataclass(frozen=True)
class Tool:
    """One program: the folder of its Go module under tools/, its package, and how long it took."""

    module: str
    package: str
    takes: str


# In the order in which they are built: what a first cluster needs comes first.
TOOLS = {
    "etcd": Tool("etcd", "go.etcd.io/etcd/server/v3", "20 s"),
    "kube-apiserver": Tool("kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver", "4 min"),
    "kube-controller-manager": Tool(
        "kubernetes", "k8s.io/kubernetes/cmd/kube-controller-manager", "1 min"
    ),
    "kubectl": Tool("kubernetes", "k8s.io/kubernetes/cmd/kubectl", "40 s"),
    "kwok": Tool("kwok", "sigs.k8s.io/kwok/cmd/kwok", "1 min"),
    "kube-scheduler": Tool("kubernetes", "k8s.io/kubernetes/cmd/kube-scheduler", "15 s"),
    "helm": Tool("helm", "helm.sh/helm/v4/cmd/helm", "90 s"),
    "kubelet": Tool("kubernetes", "k8s.io/kubernetes/cmd/kubelet", "3 to 8 min"),
    "dynamic-client": Tool("dynamic", ".", "1 min"),
    "kube-proxy": Tool("kubernetes", "k8s.io/kubernetes/cmd/kube-proxy", "15 s"),
    "informer": Tool("informer", ".", "1 min"),
}
SETS = {
    "cluster": ["etcd", "kube-apiserver", "kube-controller-manager", "kubectl", "kwok"],
    "node": ["kube-scheduler", "kubelet", "kube-proxy"],
    "all": list(TOOLS),
}


class ToolError(Exception):
    """A tool could not be had; the text says why and what to do."""


def cache_root() -> Path:
    """The folder outside the tree in which built programs are kept between runs."""
    given = os.environ.get("POSTERN_CACHE")
    if given:
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "postern"


def progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def linker_flags(module: str) -> str:
    return f"-s -w {VERSION_FLAGS.get(module, '')}".strip()


def module_cache(module: str) -> Path:
    """The cache folder of one module, keyed by everything that decides what comes out."""
    digest = hashlib.sha256()
    folder = MODULES / module
    programs = sorted(path.name for path in folder.glob("*.go") if path.name != "tools.go")
    for part in ("go.mod", "go.sum", *programs):
        digest.update((folder / part).read_bytes())
    digest.update(linker_flags(module).encode())
    return cache_root() / "tools" / f"{module}-{digest.hexdigest()[:16]}"


def built_path(name: str) -> Path:
    return module_cache(TOOLS[name].module) / "bin" / name


def asset_path(name: str) -> Path | None:
    """The ready binary of KUBEBUILDER_ASSETS, if there is one."""
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    candidate = Path(assets) / name if assets else None
    return candidate if candidate and os.access(candidate, os.X_OK) else None


def go_version(go: str) -> tuple[int, ...]:
    """(1, 26, 8) for go1.26.8, () when the program does not answer."""
    answer = subprocess.run(
        [go, "version"],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env={**os.environ, "GOTOOLCHAIN": "local"},
    )
    found = re.search(r"\bgo(\d+(?:\.\d+)*)", answer.stdout)
    return tuple(int(part) for part in found.group(1).split(".")) if found else ()


def wanted_go() -> tuple[int, ...]:
    """The highest `go` line of the modules."""
    lines = [re.search(r"^go (\S+)$", p.read_text(), re.M) for p in MODULES.glob("*/go.mod")]
    return max(tuple(int(part) for part in m.group(1).split(".")) for m in lines if m)


def go_candidates() -> list[str]:
    """Go programs of this machine: PATH first, then where Debian and upstream put it."""
    places = [shutil.which("go"), "/usr/local/go/bin/go"]
    places += sorted((str(p) for p in Path("/usr/lib").glob("go-*/bin/go")), reverse=True)
    return [p for p in dict.fromkeys(places) if p and os.access(p, os.X_OK)]


def find_go() -> str:
    """A Go that is new enough, brought as a module by an older one if need be."""
    candidates = go_candidates()
    if not candidates:
        raise ToolError(
            "no Go found: install golang-go (any version from 1.19 on), or set KUBEBUILDER_ASSETS"
            " to a folder with etcd, kube-apiserver, kube-controller-manager, kubectl and kwok"
        )
    wanted = wanted_go()
    for go in candidates:
        if go_version(go) >= wanted:
            return go
    return toolchain_module(candidates[0])


def toolchain_module(old_go: str) -> str:
    """The Go program of the toolchain module, downloaded by `old_go`."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    module = f"golang.org/toolchain@v0.0.1-{GO_TOOLCHAIN}.linux-{machine}"
    progress(f"{old_go} is too old for Kubernetes: bringing {GO_TOOLCHAIN} as a module")
    with tempfile.TemporaryDirectory(prefix="postern-go-") as empty:
        answer = subprocess.run(
            [old_go, "mod", "download", "-json", module],
            capture_output=True,
            text=True,
            check=False,
            cwd=empty,
            env={**os.environ, "GOFLAGS": "", "GOWORK": "off"},
        )
    try:
        root = Path(json.loads(answer.stdout)["Dir"])
    except (ValueError, KeyError) as error:
        raise ToolError(
            f"{old_go} could not bring {module}: {answer.stdout.strip()} {answer.stderr.strip()}"
        ) from error
    # Module archives carry no modes. The go command does the same when it switches by itself.
    for program in [*(root / "bin").iterdir(), *(root / "pkg" / "tool").rglob("*")]:
        if program.is_file() and not os.access(program, os.X_OK):
            program.chmod(program.stat().st_mode | 0o111)
    return str(root / "bin" / "go")


def go_environment(go: str) -> dict[str, str]:
    """What `go build` runs with: this Go and no other, no cgo, no workspace of somebody else."""
    return {
        **os.environ,
        "PATH": f"{Path(go).parent}:{os.environ.get('PATH', '/usr/bin:/bin')}",
        "GOTOOLCHAIN": "local",
        "GOROOT": str(Path(go).resolve().parent.parent),
        "GOWORK": "off",
        "GOFLAGS": "-mod=readonly -buildvcs=false -trimpath",
        "CGO_ENABLED": "0",
    }


def run_go(go: str, module: str, *args: str) -> str:
    """Runs a go command in a module's folder; ToolError with what it said when it fails."""
    done = subprocess.run(
        [go, *args],
        cwd=MODULES / module,
        env=go_environment(go),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        tail = "\n".join(done.stderr.strip().splitlines()[-20:])
        raise ToolError(f"`go {' '.join(args)}` failed in {MODULES / module}:\n{tail}")
    return done.stdout


class Lock:
    """An exclusive lock on a file; says so when it has to wait for another run."""

    def __init__(self, path: Path, what: str) -> None:
        self.path, self.what = path, what

    def __enter__(self) -> "Lock":
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.file = open(self.path, "w", encoding="utf-8")
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress(f"waiting for another run that builds {self.what}")
            fcntl.flock(self.file, fcntl.LOCK_EX)
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()


def build(name: str, go: str, place: str) -> None:
    """Builds one program into the cache, unless another run did so meanwhile."""
    tool, target = TOOLS[name], built_path(name)
    with Lock(module_cache(tool.module) / "lock", name):
        if target.exists():
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        for left in target.parent.glob(f".{name}.*"):
            left.unlink(missing_ok=True)
        unfinished = target.parent / f".{name}.{os.getpid()}"
        progress(f"building {name} ({place}), takes about {tool.takes} on two cores")
        began = time.monotonic()
        run_go(
            go, tool.module, "build", "-ldflags", linker_flags(tool.module),
            "-o", str(unfinished), tool.package,
        )  # fmt: skip
        unfinished.rename(target)
        progress(f"built {name} in {time.monotonic() - began:.0f} s")


def ensure(names: list[str]) -> dict[str, Path]:
    """Paths of the named programs, each of which exists on return. Raises ToolError."""
    unknown = [name for name in names if name not in TOOLS]
    if unknown:
        raise ToolError(f"unknown tool {', '.join(unknown)}; known: {', '.join(TOOLS)}")
    paths = {name: asset_path(name) or built_path(name) for name in names}
    missing = [name for name in TOOLS if name in paths and not paths[name].exists()]
    if missing:
        go = find_go()
        for number, name in enumerate(missing, start=1):
            build(name, go, f"{number} of {len(missing)}")
    return paths


KWOK_STAGES = (
    "node/fast/node-initialize.yaml",
    "node/heartbeat/node-heartbeat.yaml",
    "pod/fast/pod-ready.yaml",
    "pod/fast/pod-complete.yaml",
    "pod/fast/pod-delete.yaml",
)


def kwok_stages() -> str:
    """kwok's own stages (how nodes and pods become ready, complete and go), as YAML documents.

    They lie in the module's source; a copy is kept beside the built programs.
    """
    kept = module_cache("kwok") / "stages.yaml"
    if not kept.exists():
        with Lock(module_cache("kwok") / "lock", "kwok"):
            go = find_go()
            run_go(go, "kwok", "mod", "download", "sigs.k8s.io/kwok")
            folder = run_go(go, "kwok", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kwok").strip()
            root = Path(folder) / "kustomize" / "stage"
            text = "\n---\n".join((root / part).read_text().strip() for part in KWOK_STAGES)
            unfinished = kept.with_suffix(f".{os.getpid()}")
            unfinished.write_text(text + "\n")
            unfinished.rename(kept)
    return kept.read_text()


def expand(words: list[str]) -> list[str]:
    """Tool and set names of the command line as tool names, each once."""
    names = [name for word in words or ["all"] for name in SETS.get(word, [word])]
    return list(dict.fromkeys(names))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--path", action="store_true", help="print the path of each program")
    parser.add_argument("tools", nargs="*", metavar="TOOL|SET")
    args = parser.parse_args()
    try:
        paths = ensure(expand(args.tools))
        if "kwok" in paths:
            kwok_stages()
    except ToolError as error:
        print(f"build_tools: {error}", file=sys.stderr)
        return 1
    if args.path:
        print("\n".join(str(path) for path in paths.values()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
