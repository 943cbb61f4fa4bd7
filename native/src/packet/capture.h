/* SPDX-License-Identifier: MIT */
#ifndef SP2_PACKET_CAPTURE_H
#define SP2_PACKET_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Capture files, record by record: pcap (microseconds or nanoseconds, either byte order) and pcapng
 * (sections, interfaces with their own link types and time resolutions, enhanced, simple and
 * obsolete packet blocks; other blocks are passed over). It sees a window of the file that its
 * caller moves on; it neither reads nor allocates.
 */

/* Longest record that is looked at; longer ones are passed over and counted. Captures of segmented
 * sends have up to 64 KiB, and libpcap writes at most 256 KiB. */
#define SP2__CAPTURE_MAX_RECORD (512u << 10)

/* Interfaces of a section that are known; packets of further ones are passed over and counted. */
#define SP2__CAPTURE_MAX_INTERFACES 1024

/* What was found at the start of the window. */
typedef enum sp2__capture_event {
    SP2__CAPTURE_FRAME,        /* a frame */
    SP2__CAPTURE_OTHER,        /* something else, to be passed over */
    SP2__CAPTURE_TRUNCATED,    /* a frame whose end was not captured */
    SP2__CAPTURE_TOO_LONG,     /* a record that is longer than is looked at */
    SP2__CAPTURE_NO_INTERFACE, /* a frame of an interface that is not known */
    SP2__CAPTURE_MORE,         /* the window ends within the record: it must have `needed` bytes */
    SP2__CAPTURE_DAMAGED       /* neither: nothing after this can be read */
} sp2__capture_event;

typedef struct sp2__capture_interface {
    uint32_t link;          /* one of frame.h, or another number */
    uint64_t units;         /* of time in a second */
    int64_t offset_seconds; /* to be added to times */
} sp2__capture_interface;

/* A captured frame; `bytes` are in the window. */
typedef struct sp2__capture_record {
    const uint8_t *bytes;
    uint32_t length;
    uint32_t original_length; /* before it was cut */
    uint32_t link;
    uint32_t interface;
    bool has_time;
    int64_t time_ns; /* since 1970 */
} sp2__capture_record;

/* Where the reader is in a file. Begins with zeros. */
typedef struct sp2__capture {
    bool begun;
    bool is_pcapng;
    bool swapped;         /* the file has the other byte order */
    uint32_t snap_length; /* pcapng: of the first interface, for simple packet blocks */
    uint32_t interface_count;
    sp2__capture_interface interfaces[SP2__CAPTURE_MAX_INTERFACES]; /* pcap: the first one */
} sp2__capture;

/*
 * Looks at the window [bytes, bytes + available), which begins with a record. *size is how many
 * bytes the record has, by which the window is to be moved on; it may be more than are available
 * where the record need not be looked at. With SP2__CAPTURE_MORE it is how many bytes are needed.
 */
sp2__capture_event sp2__capture_next(sp2__capture *capture, const uint8_t *bytes,
                                     uint64_t available, uint64_t *size,
                                     sp2__capture_record *record);

#endif
