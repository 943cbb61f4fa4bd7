#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Receives a SPEAD stream over UDP with libspead2aot and prints the values of its items.

    receive.py LIBRARY [PORT]

Python's own ctypes is all that is needed. It ends when the sender says so, or on Ctrl-C.
"""
import ctypes
import select
import struct
import sys

OK, EMPTY, STOPPED = 0, -4, -5  # sp2_status of status.h
INTERRUPTED = 130  # exit code of a program that Ctrl-C has ended
TEXT, LATIN_1 = 2, 64  # SP2_ITEM_TEXT and SP2_ITEM_LATIN_1 of items.h


class Sized(ctypes.Structure):
    """A struct that begins with its size, which the library wants to know. Subclasses have the rest."""

    def __init__(self, **fields):
        super().__init__(size=ctypes.sizeof(self), **fields)


class UdpOptions(Sized):
    """sp2_udp_source_options of udp.h."""

    _fields_ = [
        ("size", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("bind_host", ctypes.c_char_p),
        ("port", ctypes.c_uint32),
        ("max_size", ctypes.c_uint32),
        ("buffer_size", ctypes.c_uint64),
        ("group", ctypes.c_char_p),
        ("interface_address", ctypes.c_char_p),
        ("interface_index", ctypes.c_uint32),
        ("sender_count", ctypes.c_uint32),
        ("socket", ctypes.c_int64),
        ("interface_name", ctypes.c_char_p),
        ("senders", ctypes.POINTER(ctypes.c_char_p)),
        ("dialect", ctypes.c_void_p),
    ]


class SourceInfo(Sized):
    """sp2_packet_source_info of source.h."""

    _fields_ = [
        ("size", ctypes.c_uint32),
        ("kind", ctypes.c_uint32),
        ("state", ctypes.c_uint32),
        ("port", ctypes.c_uint32),
        ("address", ctypes.c_char * 64),
        ("group", ctypes.c_char * 64),
        ("interface_name", ctypes.c_char * 64),
        ("suggested_dialect", ctypes.c_char * 64),
    ]


class ItemInfo(Sized):
    """sp2_item_info of items.h."""

    _fields_ = [
        ("size", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("id", ctypes.c_uint64),
        ("version", ctypes.c_uint64),
        ("name", ctypes.c_char_p),
        ("description", ctypes.c_char_p),
        ("type", ctypes.c_char_p),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("rank", ctypes.c_uint32),
        ("element_size", ctypes.c_uint32),
        ("count", ctypes.c_uint64),
        ("data", ctypes.c_void_p),
        ("length", ctypes.c_uint64),
        ("fault", ctypes.c_char_p),
        ("raw", ctypes.c_void_p),
        ("raw_length", ctypes.c_uint64),
    ]


# Element types as the struct module writes them; values are in this machine's byte order.
FORMATS = {
    "|u1": "B", "|i1": "b", "<u2": "H", "<i2": "h", "<u4": "I", "<i4": "i", "<u8": "Q", "<i8": "q",
    "<f2": "e", "<f4": "f", "<f8": "d", "|b1": "?",
}


def load(path):
    """The library, with the types of what is not an int32_t or needs more than an int32_t."""
    library = ctypes.CDLL(path)
    library.sp2_last_error_message.restype = ctypes.c_char_p
    library.sp2_heap_release.argtypes = [ctypes.c_void_p]
    library.sp2_heap_release.restype = None
    library.sp2_receive_stream_destroy.argtypes = [ctypes.c_void_p]
    library.sp2_receive_stream_destroy.restype = None
    library.sp2_packet_source_release.argtypes = [ctypes.c_void_p]
    library.sp2_packet_source_release.restype = None
    library.sp2_packet_source_get_info.argtypes = [
        ctypes.c_void_p, ctypes.POINTER(SourceInfo)]
    library.sp2_receive_stream_add_udp_source.argtypes = [
        ctypes.c_void_p, ctypes.POINTER(UdpOptions), ctypes.POINTER(ctypes.c_void_p)]
    library.sp2_receive_stream_get_fd.argtypes = [ctypes.c_void_p, ctypes.POINTER(ctypes.c_int64)]
    library.sp2_receive_stream_pop.argtypes = [
        ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p), ctypes.c_uint32,
        ctypes.POINTER(ctypes.c_uint32)]
    if hasattr(library, "sp2_item_group_create"):  # libspead2core has no items
        library.sp2_item_group_destroy.argtypes = [ctypes.c_void_p]
        library.sp2_item_group_destroy.restype = None
        library.sp2_item_group_update.argtypes = [
            ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(ctypes.c_uint64)]
        library.sp2_item_group_get_updated.argtypes = [
            ctypes.c_void_p, ctypes.c_uint64, ctypes.POINTER(ItemInfo)]
    return library


def values(item):
    """The elements of an item, which are copied; bytes where the struct module knows no such type."""
    data = ctypes.string_at(item.data, item.length) if item.length else b""
    if item.flags & TEXT:
        return data.decode("latin-1" if item.flags & LATIN_1 else "utf-8")
    if item.type == b"<c8":
        parts = struct.unpack(f"={2 * item.count}f", data)
        return [complex(*pair) for pair in zip(parts[::2], parts[1::2])]
    code = FORMATS.get(item.type.decode())
    return data if code is None else list(struct.unpack(f"={item.count}{code}", data))


def shown(value):
    """A value in one line: the first elements of a long one."""
    if isinstance(value, list) and len(value) > 4:
        return f"[{', '.join(map(str, value[:4]))}, ...]"
    return str(value)


def open_stream(library, check, port):
    """A stream that receives from a UDP port of this host, and the port."""
    stream, source, info = ctypes.c_void_p(), ctypes.c_void_p(), SourceInfo()
    check(library.sp2_receive_stream_create(None, None, ctypes.byref(stream)))
    options = UdpOptions(port=port, bind_host=b"127.0.0.1")
    check(library.sp2_receive_stream_add_udp_source(stream, options, source))
    check(library.sp2_packet_source_get_info(source, info))
    library.sp2_packet_source_release(source)  # the source itself goes on
    return stream, info.port


def heaps(library, check, stream):
    """The heaps of a stream until it stops, to be released. Python waits for them itself: it does not notice Ctrl-C
    during a call of the library."""
    ready, heap, count = ctypes.c_int64(), ctypes.c_void_p(), ctypes.c_uint32()
    check(library.sp2_receive_stream_get_fd(stream, ready))
    while (status := library.sp2_receive_stream_pop(stream, heap, 1, count)) != STOPPED:
        if status == EMPTY:
            select.select([ready.value], [], [])
        else:
            check(status)
            yield heap


def main(path, port=8888):
    library = load(path)

    def check(status):
        if status != OK:
            sys.exit(library.sp2_last_error_message().decode())

    stream, bound = open_stream(library, check, port)
    items, updated = ctypes.c_void_p(), ctypes.c_uint64()
    check(library.sp2_item_group_create(None, ctypes.byref(items)))
    try:
        print(f"Listening on UDP 127.0.0.1 port {bound}.", file=sys.stderr, flush=True)
        for heap in heaps(library, check, stream):
            check(library.sp2_item_group_update(items, heap, updated))
            library.sp2_heap_release(heap)
            for index in range(updated.value):
                item = ItemInfo()
                check(library.sp2_item_group_get_updated(items, index, item))
                shape = tuple(item.shape[:item.rank])
                print(f"{item.name.decode()} {item.type.decode()} {shape} = {shown(values(item))}")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    finally:
        library.sp2_item_group_destroy(items)
        library.sp2_receive_stream_destroy(stream)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1], *map(int, sys.argv[2:]))
