"""A simulator of what Colab does to a kernel: `google.colab` is there, and threads change no widget.

Colab's page never shows what a widget is told from any thread but the main one (colabtools #3373). Here such
messages go nowhere, and are counted. Made for ipykernel 6.17; knows nothing of BIG.art.
"""

import sys
import threading
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec

downloads: list[str] = []  # what was offered for download
lost: list[str] = []  # names of the threads whose messages were lost


def simulate() -> None:
    """Turn this kernel into one like Colab's."""
    from ipykernel.comm import Comm

    names = ("google", "google.colab", "google.colab.files")
    specs = (ModuleSpec(name, None) for name in names)  # which some libraries ask for
    google, colab, files = map(module_from_spec, specs)
    google.colab, colab.files, files.download = colab, files, downloads.append
    sys.modules.update({"google": google, "google.colab": colab, "google.colab.files": files})
    publish = Comm._publish_msg

    def publish_from_main_thread(self, *arguments, **options):
        thread = threading.current_thread()
        if thread is threading.main_thread():
            publish(self, *arguments, **options)
        else:
            lost.append(thread.name)

    Comm._publish_msg = publish_from_main_thread
