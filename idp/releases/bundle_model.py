"""A bundle: what an environment runs of a service, packed so that the same content is always the same bytes."""

import gzip
import io
import tarfile
from collections.abc import Mapping
from hashlib import sha256

CHECKSUMS = "SHA256SUMS"


def bundle_name(service: str, version: str, environment: str) -> str:
    """The archive's name without `.tar.gz`, and the name of the one folder in it."""
    return f"{service}-{version}-{environment}"


def checksums(files: Mapping[str, bytes]) -> bytes:
    """What `sha256sum --check` reads: one line a file, sorted by name."""
    return "".join(
        f"{sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items())
    ).encode()


def pack(folder: str, files: Mapping[str, bytes]) -> bytes:
    """A .tar.gz of files and their checksums below one folder.

    Nothing of the machine, the user or the clock gets into it: names are sorted, owners and times are zero.
    """
    content = {**files, CHECKSUMS: checksums(files)}
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in sorted(content.items()):
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.size, entry.mode = len(data), 0o644
            archive.addfile(entry, io.BytesIO(data))
    return gzip.compress(raw.getvalue(), compresslevel=9, mtime=0)
