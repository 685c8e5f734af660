"""A look-alike of Colab's machine for one test: what `.ci/colab_root` built, seen through a layer of changes.

There are two, of Colab's newest image and of the oldest that it still offers.

Whatever runs there may install and write as it likes; the next test finds the machine as Colab hands it out.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

PROJECT = Path(__file__).parent.parent
HOME = "/content"  # Colab's working directory
# The mounts are seen by the command alone, and end with it.
ENTER = """set -e
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/changes,workdir=$2/work" "$2/machine"
mount --rbind /proc "$2/machine/proc"
mount --rbind /dev "$2/machine/dev"
machine=$2/machine directory=$3
shift 3
exec chroot "$machine" /usr/bin/env -C "$directory" "$@"
"""
LISTS = {"newest": ".ci/colab.txt", "oldest": ".ci/colab_oldest.txt"}  # of the packages that an image has
MODULES = {  # where an image's Python looks
    "newest": "/usr/local/lib/python3.13/dist-packages",
    "oldest": "/usr/local/lib/python3.11/dist-packages",
}
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# Settings of this machine that hold there, as they were before the tests put them aside.
CARRIED = {
    name: value
    for name, value in os.environ.items()
    if name.startswith(("PIP_", "SSL_", "http_proxy", "https_proxy", "no_proxy"))
    and name != "PIP_FIND_LINKS"  # a folder of this machine
}


def root_of(image: str) -> Path:
    """The folder of the image "newest" or "oldest"; it need not be there."""
    newest = os.environ.get("BIGART_COLAB_ROOT") or "/dev/null/none"
    return Path(newest if image == "newest" else f"{newest}-oldest")


def why_not(image: str = "newest") -> str | None:
    """What is missing for such a machine; None if it can be had."""
    if not Path(root_of(image), "finished-with").is_file():
        return f"BIGART_COLAB_ROOT names no look-alike of Colab's {image} image: build it with .ci/colab_root"
    return None if os.geteuid() == 0 else "only root may enter the look-alike of Colab"


class ColabMachine:
    """A machine that was just handed out.

    Parameters
    ----------
    folder : an empty folder of this test's own.
    image : "newest" or "oldest".
    """

    def __init__(self, folder: Path, image: str = "newest"):
        self._root, self._folder = root_of(image), folder
        self.image, self.modules = image, MODULES[image]
        for name in ("changes", "work", "machine"):
            (folder / name).mkdir(exist_ok=True)
        self.path(HOME).mkdir(exist_ok=True)

    def path(self, name: str) -> Path:
        """Where a file lies that is new on the machine; to be used while nothing runs there."""
        return self._folder / "changes" / name.lstrip("/")

    def pinned(self) -> dict[str, str]:
        """The versions that the image has, by name of the package."""
        pins = (PROJECT / LISTS[self.image]).read_text(encoding="utf-8")
        return dict(re.findall(r"^(\S+)==(\S+)", pins, re.MULTILINE))

    def copy_project(self, name: str = f"{HOME}/BIG.art") -> Path:
        """Put a checkout of this project there."""
        listing = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
        files = subprocess.run(listing, cwd=PROJECT, check=True, capture_output=True, text=True).stdout
        for file in filter(None, files.split("\0")):
            target = self.path(name) / file
            if (PROJECT / file).is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(PROJECT / file, target)
        return self.path(name)

    def start(self, *command: str, cwd: str = HOME, env: dict[str, str] | None = None, **options):
        """Run a command there, without waiting for it."""
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        environment = {"PATH": path, "HOME": "/root", "LANG": "C.UTF-8", **CARRIED, **(env or {})}
        enter = ("unshare", "--mount", "--", "/bin/sh", "-c", ENTER, "enter", self._root, self._folder, cwd)
        return subprocess.Popen(
            [*map(str, enter), *command],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            **options,
        )

    def run(self, *command: str, seconds: float = 240, **options) -> str:
        """Run a command there to its end, and return what it printed.

        Raises
        ------
        AssertionError
            When it failed or took too long; says what it printed.
        """
        process = self.start(*command, **options)
        try:
            printed, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            printed = f"more than {seconds} seconds:\n{process.communicate()[0]}"
        assert process.returncode == 0, f"{' '.join(command)}:\n{COLOUR.sub('', printed)[-6000:]}"
        return printed
