"""XMP packets: the properties in them, read and changed. Knows the notation, and nothing of BIG.art.

Adobe, "XMP Specification Part 1: Data Model, Serialization, and Core Properties" (ISO 16684-1). Anybody may
have written a packet: one with a document type, whose entities could be made to read files or to fill the
memory, is refused, as is one that is too long.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

LONGEST = 10_000_000  # bytes of a packet
SPACES = {
    "x": "adobe:ns:meta/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "xmpNote": "http://ns.adobe.com/xmp/note/",
    "stEvt": "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "bigart": "https://github.com/robgon-art/BIG.art/ns/1.0/",
}
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
HEADER = b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # that XML cannot hold
ROOM_FOR_NAME = 500  # bytes that the name of an extension takes
TRAILER = b'\n<?xpacket end="w"?>'


class Packet:
    """The properties of a picture, by names with a prefix of `SPACES`: "dc:title".

    Parameters
    ----------
    data : a packet, or its RDF alone; None begins an empty one.

    Raises
    ------
    ValueError
        When the data are no packet that may be read.
    """

    def __init__(self, data: bytes | None = None) -> None:
        from lxml import etree

        self._etree = etree
        self._root = (
            etree.Element(_name("x:xmpmeta"), nsmap={"x": SPACES["x"]}) if data is None else _parse(data)
        )
        self._rdf = next(self._root.iter(_name("rdf:RDF")), None)
        if self._rdf is None and data is not None:
            raise ValueError("its XMP has no RDF")
        if self._rdf is None:
            self._rdf = etree.SubElement(self._root, _name("rdf:RDF"), nsmap={"rdf": SPACES["rdf"]})

    def text(self, name: str) -> str | None:
        """A property's value; of a list the first, of languages the default one."""
        for part in self._descriptions():
            if (value := part.get(_name(name))) is not None:
                return value
            if (found := part.find(_name(name))) is not None:
                items = found.findall(f"{_name('rdf:*')}/{_name('rdf:li')}")
                default = [one for one in items if one.get(LANGUAGE) == "x-default"]
                if items:
                    return (default or items)[0].text or ""
                return found.get(_name("rdf:resource"), found.get(_name("rdf:value"))) or found.text or ""
        return None

    def texts(self, name: str) -> list[str]:
        """The values of a list."""
        found = (part.find(_name(name)) for part in self._descriptions())
        return [
            one.text or ""
            for element in found
            if element is not None
            for one in element.iter(_name("rdf:li"))
        ]

    def remove(self, name: str) -> None:
        """Take a property out, wherever it stands."""
        for part in self._descriptions():
            part.attrib.pop(_name(name), None)
            for found in part.findall(_name(name)):
                part.remove(found)

    def set(self, name: str, value: str) -> None:
        """Give a property a plain value, in place of the one it has."""
        self.remove(name)
        self._add(name).text = plain(value)

    def set_attribute(self, name: str, value: str) -> None:
        """Give a property a value in the short form that simple programs look for."""
        self.remove(name)
        prefix, about = name.partition(":")[0], self._part().get(_name("rdf:about"), "")
        part = self._etree.SubElement(self._rdf, _name("rdf:Description"), nsmap={prefix: SPACES[prefix]})
        part.set(_name("rdf:about"), about)
        part.set(_name(name), value)

    def set_list(self, name: str, kind: str, values: list[str]) -> None:
        """Give a property a "Seq" or "Bag" of values, or an "Alt" with one in the default language."""
        self.remove(name)
        items = self._etree.SubElement(self._add(name), _name(f"rdf:{kind}"))
        for value in values:
            item = self._etree.SubElement(items, _name("rdf:li"))
            item.text = plain(value)
            if kind == "Alt":
                item.set(LANGUAGE, "x-default")

    def append(self, name: str, values: Mapping[str, str]) -> None:
        """Add an entry, given by its fields, to the end of a list."""
        found = next(
            (part.find(_name(name)) for part in self._descriptions() if part.find(_name(name)) is not None),
            None,
        )
        if found is None:
            self.remove(name)
            found = self._add(name)
        items = next(iter(found), None)
        if items is None:
            items = self._etree.SubElement(found, _name("rdf:Seq"))
        item = self._etree.SubElement(items, _name("rdf:li"))
        item.set(_name("rdf:parseType"), "Resource")
        for field, value in values.items():
            self._element(item, field).text = plain(value)

    def entries(self, name: str) -> list[dict[str, str]]:
        """The entries of a list by their fields, without prefix."""
        found = (part.find(_name(name)) for part in self._descriptions())
        items = [one for element in found if element is not None for one in element.iter(_name("rdf:li"))]
        return [_fields(item) for item in items]

    def to_bytes(self) -> bytes:
        """The packet in UTF-8, with the marks at either end that let programs find it in a file."""
        root = self._root
        if root.tag == _name("rdf:RDF"):
            root = self._etree.Element(_name("x:xmpmeta"), nsmap={"x": SPACES["x"]})
            root.append(self._rdf)
        return HEADER + self._etree.tostring(root, encoding="utf-8") + TRAILER

    def move_longest(self, other: Packet) -> bool:
        """Move the property that takes most room to another packet; returns whether there was one."""
        found = [one for part in self._descriptions() for one in part]
        if not found:
            return False
        other._part().append(max(found, key=lambda one: len(self._etree.tostring(one))))
        return True

    def _descriptions(self) -> Iterator[Element]:
        yield from self._rdf.findall(_name("rdf:Description"))

    def _part(self) -> Element:
        """The last description, which is of the same picture as all others."""
        parts = list(self._descriptions())
        if not parts:
            spaces = {prefix: SPACES[prefix] for prefix in SPACES if prefix not in ("x", "rdf", "xmpNote")}
            parts = [self._etree.SubElement(self._rdf, _name("rdf:Description"), nsmap=spaces)]
            parts[0].set(_name("rdf:about"), "")
        return parts[-1]

    def _add(self, name: str) -> Element:
        return self._element(self._part(), name)

    def _element(self, parent: Element, name: str) -> Element:
        prefix = name.partition(":")[0]
        return self._etree.SubElement(parent, _name(name), nsmap={prefix: SPACES[prefix]})


def extended(data: bytes, most: int) -> tuple[bytes, bytes | None]:
    """A packet of at most so many bytes, and what it names as its extension, if it is too long for that.

    As the XMP Specification's Part 3 has it for JPEG: the longest properties are put into the extension.
    """
    if len(data) <= most:
        return data, None
    packet, rest = Packet(data), Packet()
    while len(packet.to_bytes()) > most - ROOM_FOR_NAME and packet.move_longest(rest):
        pass
    extension = rest.to_bytes().removeprefix(HEADER).removesuffix(TRAILER)
    name = hashlib.md5(extension, usedforsecurity=False).hexdigest().upper()
    packet.set_attribute("xmpNote:HasExtendedXMP", name)
    return packet.to_bytes(), extension


def _name(name: str) -> str:
    prefix, _, local = name.partition(":")
    return f"{{{SPACES[prefix]}}}{local}"


def _parse(data: bytes) -> Element:
    from lxml import etree

    if len(data) > LONGEST:
        raise ValueError(f"its XMP has {len(data):,} bytes, of at most {LONGEST:,}")
    # No entity is resolved, no file or network is read, and depth is bounded, at 256, as huge_tree is off.
    if b"<!DOCTYPE" in data.replace(b"\0", b""):  # of which lxml would resolve entities in attributes
        raise ValueError("its XMP has a document type, which none may have")
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_pis=True,
        remove_comments=True,
    )  # fmt: skip
    is_wide = b"\0" in data[:4]  # UTF-16, whose last byte may be zero
    try:
        root = etree.fromstring(data if is_wide else data.strip(b"\0 \t\r\n"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ValueError(f"its XMP cannot be read ({' '.join(str(error).split())[:200]})") from None
    if root.getroottree().docinfo.doctype:
        raise ValueError("its XMP has a document type, which none may have")
    return root


def _fields(item: Element) -> dict[str, str]:
    from lxml import etree

    found = {etree.QName(name).localname: value for name, value in item.attrib.items()}
    found |= {
        etree.QName(one).localname: one.text or "" for one in item.iter() if one is not item and not len(one)
    }
    return {name: value for name, value in found.items() if name != "parseType"}


def plain(text: str) -> str:
    """Text without the characters that XML cannot hold."""
    return UNWRITABLE.sub("", text)
