#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What Python's ways to make a process do to a stream that is received with ctypes.

    test_multiprocessing.py LIBRARY SAMPLE

SAMPLE is the folder of the sample's receive.py, whose declarations are used. Whatever a child does, the parent must
receive every heap that is sent afterwards.
"""
import ctypes
import multiprocessing
import os
import pty
import signal
import socket
import struct
import subprocess
import sys

sys.path.insert(0, sys.argv[2])
from receive import OK, SourceInfo, UdpOptions, load  # noqa: E402

FORKED = -11  # sp2_status of status.h
PATIENCE = 20  # seconds
HEAPS = 16
CNT, LENGTH, OFFSET, PAYLOAD_LENGTH = 1, 2, 3, 4


def packet(cnt, payload):
    """A heap of one packet, of the flavour SPEAD-64-48."""
    items = [(CNT, cnt), (LENGTH, len(payload)), (OFFSET, 0), (PAYLOAD_LENGTH, len(payload))]
    pointers = [1 << 63 | identifier << 48 | value for identifier, value in items]
    pointers.append(0x1000 << 48)
    return struct.pack(f">BBBBHH{len(pointers)}Q", 0x53, 4, 2, 6, 0, len(pointers), *pointers) + payload


class Receiver:
    """A stream with a source on a port of its own."""

    def __init__(self, path):
        self.library = load(path)
        self.library.sp2_receive_stream_pop_wait.argtypes = [
            ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p), ctypes.c_uint32, ctypes.c_int64,
            ctypes.POINTER(ctypes.c_uint32)]
        self.stream, source, info = ctypes.c_void_p(), ctypes.c_void_p(), SourceInfo()
        options = UdpOptions(bind_host=b"127.0.0.1")
        assert self.library.sp2_receive_stream_create(None, None, ctypes.byref(self.stream)) == OK
        assert self.library.sp2_receive_stream_add_udp_source(self.stream, options, source) == OK
        assert self.library.sp2_packet_source_get_info(source, info) == OK
        self.library.sp2_packet_source_release(source)
        self.address = "127.0.0.1", info.port
        self.sent = 0

    def pop(self, seconds):
        heap, count = ctypes.c_void_p(), ctypes.c_uint32()
        status = self.library.sp2_receive_stream_pop_wait(self.stream, heap, 1, int(seconds * 1e9), count)
        if status == OK:
            self.library.sp2_heap_release(heap)
        return status

    def check(self):
        """Sends and receives."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for _ in range(HEAPS):
                self.sent += 1
                sender.sendto(packet(self.sent, bytes(1000)), self.address)
                status = self.pop(PATIENCE)
                assert status == OK, f"the parent gets {status}"

    def stop(self):
        return self.library.sp2_receive_stream_stop(self.stream)

    def destroy(self):
        self.library.sp2_receive_stream_destroy(self.stream)


# ---- what children do ----

def do_nothing(receiver):
    del receiver


def use(receiver):
    assert receiver.pop(-1) == FORKED
    assert receiver.stop() == OK


def destroy(receiver):
    receiver.stop()
    receiver.destroy()


def receive_alone(path):
    """In a child that inherits nothing."""
    receiver = Receiver(path)
    receiver.check()
    receiver.destroy()


def double(number):
    return 2 * number


# ---- ways to make them ----

def check_process(process):
    process.start()
    process.join(PATIENCE)
    assert process.exitcode == 0, f"the child ends with {process.exitcode}"


def check_status(child):
    signal.alarm(PATIENCE)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    signal.alarm(0)
    assert status == 0, f"the child ends with {status}"


def by_multiprocessing(act, receiver):
    check_process(multiprocessing.get_context("fork").Process(target=act, args=(receiver,)))


def run_and_leave(act, receiver):
    try:
        act(receiver)
    except AssertionError:
        os._exit(1)
    os._exit(0)


def by_os_fork(act, receiver):
    child = os.fork()
    if child == 0:
        run_and_leave(act, receiver)
    check_status(child)


def by_pty_fork(act, receiver):
    child, terminal = pty.fork()
    if child == 0:
        run_and_leave(act, receiver)
    check_status(child)
    os.close(terminal)


def by_preexec(act, receiver):
    subprocess.run([sys.executable, "-c", ""], preexec_fn=lambda: act(receiver), timeout=PATIENCE, check=True)


def check_pool(receiver):
    """Worker processes that know nothing of the stream."""
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map_async(double, range(10)).get(PATIENCE) == list(range(0, 20, 2))
        receiver.check()


def main(path):
    receiver = Receiver(path)
    receiver.check()
    for way in by_multiprocessing, by_os_fork, by_pty_fork, by_preexec:
        for act in do_nothing, use, destroy:
            way(act, receiver)
            receiver.check()
            print(f"passed  {way.__name__} {act.__name__}", flush=True)
    check_pool(receiver)
    receiver.check()
    for method in "spawn", "forkserver":
        check_process(multiprocessing.get_context(method).Process(target=receive_alone, args=(path,)))
        receiver.check()
        print(f"passed  {method}", flush=True)
    subprocess.run("true", shell=True, check=True)
    assert os.system("true") == 0
    receiver.check()
    receiver.destroy()


if __name__ == "__main__":
    main(sys.argv[1])
