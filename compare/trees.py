"""What a run has left on the disk."""

import os
from collections.abc import Iterator

# Smaller files take little room.
LARGE = 256 * 1024


def files(folder: str) -> Iterator[os.DirEntry[str]]:
    """Files and links below a folder."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from files(entry.path)
            else:
                yield entry


def survey(folder: str) -> tuple[int, int]:
    """Number of files and links, and bytes of the files."""
    count = size = 0
    for entry in files(folder):
        count += 1
        size += 0 if entry.is_symlink() else entry.stat(follow_symlinks=False).st_size
    return count, size


def sizes(folder: str) -> dict[str, int]:
    """Path below the folder to size; -1 for a link."""
    return {
        os.path.relpath(entry.path, folder): -1 if entry.is_symlink() else entry.stat(follow_symlinks=False).st_size
        for entry in files(folder)
    }


def shrink(folder: str) -> None:
    """Gives the room of large files back and keeps their inodes: creating files after deleting many is slow on ext4."""
    for entry in files(folder):
        if not entry.is_symlink() and entry.stat(follow_symlinks=False).st_size >= LARGE:
            os.truncate(entry.path, 0)
