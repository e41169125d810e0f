"""Where the runs leave their files."""

import os
import shutil
import subprocess
import time

# ext4 is slow to create files soon after many were deleted, whoever deleted them.
PAUSE_AFTER_DELETION = 40.0
SIZE = 24 * (1 << 30)  # sparse: what is truncated soon never reaches the image
INODES = 2_000_000


class Scratch:
    """A folder that is emptied between comparisons, with a rest afterwards."""

    def __init__(self, work: str, hasty: bool):
        self.place = os.path.join(work, "runs")
        self.hasty = hasty
        os.mkdir(self.place)

    def renew(self) -> None:
        """Makes room again."""
        names = os.listdir(self.place)
        for name in names:
            shutil.rmtree(os.path.join(self.place, name))
        if names and not self.hasty:
            os.sync()
            time.sleep(PAUSE_AFTER_DELETION)

    def close(self) -> None:
        """Before the working folder is deleted."""


class Loop(Scratch):
    """An ext4 of its own in an image, made anew for each comparison: what other programs delete meanwhile has no effect on it."""

    def __init__(self, work: str, hasty: bool):
        super().__init__(work, hasty)
        self.image = os.path.join(work, "ext4.img")
        self.mounted = False
        self.renew()

    def renew(self) -> None:
        self.close()
        with open(self.image, "wb") as image:
            image.truncate(SIZE)
        options = "lazy_itable_init=0,lazy_journal_init=0"
        subprocess.run(["mkfs.ext4", "-q", "-F", "-N", str(INODES), "-E", options, self.image], check=True)
        subprocess.run(["mount", "-o", "loop", self.image, self.place], check=True)
        self.mounted = True

    def close(self) -> None:
        if self.mounted:
            subprocess.run(["umount", self.place], check=True)
            self.mounted = False
