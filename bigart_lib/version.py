"""Which BIG.art this is."""

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("bigart")
except PackageNotFoundError:  # run from a checkout that is not installed
    VERSION = "0+checkout"
