"""Images for the real node: of Debian's static busybox, or of what a test gives.

    write_image(Path("x.tar"), "postern.test/x:1", {"bin/x": Path("build/x")}, ["/bin/x"])

`ctr images import` (RealNode.import_image) takes it; pods use it with imagePullPolicy: Never. The
format is that of postern's own image: scripts/image/image_format.py.
"""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "scripts" / "image"))

import image_format  # noqa: E402
from image_format import Entry, File, Folder, Link  # noqa: E402

BUSYBOX = Path("/usr/bin/busybox")
BUSYBOX_IMAGE = "postern.test/busybox:1"
PAUSE_IMAGE = "postern.test/pause:1"
PASSWD = b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/tmp:/bin/sh\n"
GROUP = b"root:x:0:\nnogroup:x:65534:\n"
FOLDERS = ("proc", "sys", "dev", "root")

Content = bytes | Path
"""A file of an image: its bytes, or the file on this machine to copy."""


def write_image(
    path: Path,
    name: str,
    files: Mapping[str, Content],
    command: Sequence[str],
    *,
    links: Mapping[str, str] | None = None,
    user: str = "",
) -> Path:
    """Writes an image of one layer: `files` (executable) by their path in it, and what it runs."""
    tree: dict[str, Entry] = {folder: Folder() for folder in FOLDERS}
    tree |= {"tmp": Folder(0o1777), "etc/passwd": File(PASSWD), "etc/group": File(GROUP)}
    tree |= {file: File(content, 0o755) for file, content in files.items()}
    tree |= {link: Link(target) for link, target in (links or {}).items()}
    layer = image_format.Layer(image_format.make_layer(tree, 0))
    config = {"Cmd": list(command), "User": user, "Env": ["PATH=/usr/bin:/bin"]}
    image_format.write_image(path, [name], image_format.Image([layer], config), 0, compression=1)
    return path


def write_busybox_image(path: Path, name: str, command: Sequence[str]) -> Path:
    """An image of Debian's static busybox with all its applets."""
    applets = subprocess.run(
        [str(BUSYBOX), "--list"], capture_output=True, text=True, check=True
    ).stdout.split()
    links = {f"bin/{applet}": "busybox" for applet in applets if applet != "busybox"}
    return write_image(path, name, {"bin/busybox": BUSYBOX}, command, links=links)
