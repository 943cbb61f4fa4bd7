/* SPDX-License-Identifier: MIT */
#ifndef SPEAD2CORE_STATISTICS_H
#define SPEAD2CORE_STATISTICS_H

#include <stdint.h>

#include "export.h"
#include "receive.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Statistics of a stream: one table gives names and order. The first nine have spead2's
 * meaning; the others explain every packet and heap that was not used:
 *   packets == packets_accepted + all of rejected_*, too_large, allocation_failed
 * where rejected_heaps, which counts heaps, is not meant,
 * and a packet that is counted as malformed, size_mismatch, truncated, empty, kernel_drop_messages
 * or datagrams_dropped_at_stop never got as far as `packets`. Each malformed one also counts under
 * one of malformed_*: the first of these checks, in their order, that it does not pass.
 *
 * What is missing is known from the heaps that were begun: packets_missing and bytes_missing say
 * what these lacked when they were evicted or flushed (a heap without HEAP_LENGTH: up to the last
 * byte or address that is known). A heap's packet size is the largest payload of its packets
 * between the first and the last; a heap that has none takes that of the heap before it. Packets
 * that came but were not used (rejected_*) are missing, too. What an evicted heap lacked counts
 * when SP2_RECEIVE_REORDER_HEAPS newer heaps of its substream have begun, SP2_RECEIVE_EVICTED_HEAPS
 * more have been evicted, or the stream ends; what comes of it until then, from behind what had
 * come, is not missing. Of heaps under assembly when the user stops the stream nothing is missing:
 * the rest may still have been under way. Nor is anything of a heap that counts as a duplicate when
 * it begins, as a packet does that comes again when its heap is complete.
 *
 * More heaps are under way than max_heaps if packets come of a heap that has been evicted: then it
 * is lost, and so are all heaps of several senders that take turns. max_heaps_needed is known from
 * the latest SP2_RECEIVE_EVICTED_HEAPS heaps that were evicted, of which packets come from behind
 * what had come; it is exact where these come from one packet source.
 *
 * With SP2_RECEIVE_ACCOUNT_HEAPS the cnts of heaps that begin tell what never arrived. They form a
 * sequence for each substream, or for each substream of each packet source, and with
 * SP2_RECEIVE_SEPARATE_SENDERS for each of these of each sender: neighbours are cnt_step apart. If
 * that is 0 it is learned from the first 16, 32 or 64 heaps, as the greatest common divisor of the
 * differences between their cnts; at least a quarter of these must be equal to it, and be three or
 * more unless it is 1. A cnt may wrap.
 *
 * With count_item the values of that item take the place of cnts, and with set_item each value of
 * that one has its sequences. They are known when the heap leaves the assembly, so that it is
 * placed then. A heap that lacks one of them, or has it elsewhere than in its pointer, is unplaced,
 * but for a stop heap that ends the stream, which is not placed at all. A heap with the values of
 * an earlier one is a duplicate. What is left of a heap that was evicted is one always, as far as
 * evicted heaps are remembered.
 *
 * With set_item, one substream and neither sources nor senders that are told apart, all values of
 * it are expected to have the same heaps: from the first one that came of any of them to the last.
 * That is so for a value whose heaps, when they begin, are at most SP2_RECEIVE_REORDER_HEAPS away
 * from the foremost one of the others; others have clocks of their own. One that falls silent
 * before its step is known has the step of the others. What it lacks at its end is missing when the
 * others are twice SP2_RECEIVE_REORDER_HEAPS ahead, what it lacks at its beginning when it has 8
 * heaps, and the rest at the end of the stream; with fewer than 8 heaps it may be no sender's, so
 * that all of this waits for the end, and is uncertain unless half of what was expected of all
 * values has come. Where a value lacks the last heap alone, the sender may have ended in the middle
 * of it: then the last heap of all that lack it is uncertain, and likewise the first one. One heap
 * of each value does not tell how many values there are: such heaps are unplaced.
 *
 * A heap counts as missing when the sequence is SP2_RECEIVE_REORDER_HEAPS ahead of it, or the
 * stream ends; until then it is uncertain. What a sender sent before the first heap that came, or
 * after the last one, is not known. A cnt further away, or off the step, begins a new sequence if
 * 64 heaps in a row belong to that: the heaps between are missing if it is ahead, by less than 2^24
 * steps, and not sent by another sender than the 64 before, where senders are recorded; else the
 * sender has restarted. So it has if 8 heaps in a row repeat each other's successors; 64, or 8 that
 * go on with a cnt that is new or are the last ones of the stream, if they are known to be another
 * sender's than those before, which may go on. When two senders take the place of each other again
 * and again, that counts once: both send. Otherwise such heaps are late, if they are behind the
 * sequence, or unplaced: perhaps there are several senders. Heaps of a source whose dialect has
 * SP2_DIALECT_DATAGRAM_IS_HEAP may have one cnt together: they count like the first of them, none
 * is a duplicate unless items are counted, and one that is missing among them is not known. At the
 * end of the stream all of that is settled with what has come. heaps that began, or were to be
 * placed by items == heaps_accounted + heaps_late + heaps_duplicate + heaps_unplaced holds from
 * then on.
 */
#define SP2_RECEIVE_STATS_MAP(X)                                                                   \
    X(heaps) /* heaps put into the stream: complete, evicted and flushed ones */                   \
    X(incomplete_heaps_evicted) /* incomplete heaps pushed out by newer heaps */                   \
    X(incomplete_heaps_flushed) /* heaps still under assembly when the stream stopped */           \
    X(packets)                  /* packets that reached the assembly, used or not */               \
    X(batches)                  /* times that a source delivered packets as a unit */              \
    X(max_batch)                /* most packets in one such unit */                                \
    X(single_packet_heaps)      /* packets that are a heap of their own */                         \
    X(search_dist)              /* hash table entries looked at; a debugging aid */                \
    X(worker_blocked)           /* times that a finished heap found the ring full */               \
    X(packets_accepted)         /* packets that became part of a heap */                           \
    X(payload_bytes)            /* payload bytes of the accepted packets */                        \
    X(rejected_unsized)   /* packets without HEAP_LENGTH, where unsized heaps are not allowed */   \
    X(rejected_length)    /* packets whose HEAP_LENGTH contradicts what is known of the heap */    \
    X(rejected_flavour)   /* packets of another flavour than their heap's first packet */          \
    X(rejected_order)     /* packets that are not the next one of their heap, in in-order mode */  \
    X(rejected_duplicate) /* packets whose payload had been received already */                    \
    X(rejected_overlap)   /* packets of whose payload a part had been received already */          \
    X(too_large) /* packets of heaps that are larger than allowed, or have too many parts or too   \
                    large a gap */                                                                 \
    X(allocation_failed)         /* packets for whose heap there was no memory */                  \
    X(malformed)                 /* datagrams or bytes that are not a SPEAD packet */              \
    X(size_mismatch)             /* datagrams longer than the packet in them */                    \
    X(truncated)                 /* datagrams larger than their source accepts */                  \
    X(empty)                     /* datagrams without a byte */                                    \
    X(kernel_drop_messages)      /* messages that the kernel dropped: each a datagram, or several  \
                                    coalesced ones */                                              \
    X(stop_heaps)                /* heaps with a stop item, which end the stream unseen */         \
    X(incomplete_heaps_dropped)  /* incomplete heaps not delivered, as only contiguous ones are    \
                                    wanted */                                                      \
    X(heaps_dropped_at_stop)     /* heaps under assembly when the user stopped the stream */       \
    X(datagrams_dropped_at_stop) /* datagrams taken from a socket, but not used, when the stream   \
                                    stopped */                                                     \
    X(max_heap_bytes)            /* most payload bytes of a heap that left the assembly */         \
    X(packets_missing)           /* packets that evicted and flushed heaps lacked */               \
    X(bytes_missing)             /* payload bytes that evicted and flushed heaps lacked */         \
    X(heaps_accounted)           /* heaps whose cnt has a place in a sequence of cnts */           \
    X(heaps_missing)        /* heaps between others of their sequence of which nothing arrived */  \
    X(heaps_late)           /* heaps that came so late that they may have counted as missing */    \
    X(heaps_duplicate)      /* heaps whose cnt had come before */                                  \
    X(heaps_unplaced)       /* heaps whose cnt has no place in a sequence of cnts */               \
    X(sender_restarts)      /* times that a sequence of cnts began again */                        \
    X(malformed_size)       /* malformed ones shorter than a packet header */                      \
    X(malformed_magic)      /* malformed ones without the magic number and version */              \
    X(malformed_flavour)    /* malformed ones with an identifier or address width of 0 */          \
    X(malformed_widths)     /* malformed ones with widths that do not add up to 8 bytes */         \
    X(malformed_item_table) /* malformed ones with more item pointers than fit into them */        \
    X(malformed_item_missing) /* malformed ones without HEAP_CNT, PAYLOAD_OFFSET or PAYLOAD_LENGTH \
                               */                                                                  \
    X(malformed_payload)      /* malformed ones with more payload than fits into them */           \
    X(malformed_beyond_heap)  /* malformed ones with payload that ends beyond its heap */          \
    X(heaps_mixed) /* heaps with packets of several senders, or the cnt of another's, where        \
                      these are recorded */                                                        \
    X(heaps_contradictory) /* heaps of which two packets gave an item different values */          \
    X(max_heaps_needed) /* least max_heaps with which no heap would have been evicted too early;   \
                           0: none was */                                                          \
    X(too_old_heaps)  /* heaps whose chunk had left the window when they began or were complete */ \
    X(rejected_heaps) /* heaps with no place in a chunk: those of the next five, and of a negative \
                         one */                                                                    \
    X(bad_length_heaps)    /* rejected heaps whose length is not the layout's */                   \
    X(missing_item_heaps)  /* rejected heaps whose first packet lacks an item of the layout */     \
    X(bad_timestamp_heaps) /* rejected heaps off the step of the layout's first axis */            \
    X(out_of_range_heaps)  /* rejected heaps with a value that an axis of the layout does not have \
                            */                                                                     \
    X(out_of_bounds_heaps) /* rejected heaps with a place beyond their chunk */                    \
    X(heaps_uncertain) /* heaps that may be missing: they may still come, or were never sent; it   \
                          falls, too */

/* Statistics of one stream. Set `size` with the INIT macro. */
typedef struct sp2_receive_stats {
    uint32_t size;     /* bytes of this struct as the caller compiled it; always first */
    uint32_t reserved; /* zero */
#define SP2_RECEIVE_STATS_FIELD(name) uint64_t name;
    SP2_RECEIVE_STATS_MAP(SP2_RECEIVE_STATS_FIELD)
#undef SP2_RECEIVE_STATS_FIELD
} sp2_receive_stats;

#define SP2_RECEIVE_STATS_INIT SP2_SIZED_INIT(sp2_receive_stats)

/*
 * Fills `stats` with a consistent copy, as many bytes of it as both the caller and the library
 * know. Never waits for the consumer or for a source.
 *
 * Threads: any.
 * Returns: SP2_OK, SP2_E_ARG.
 */
SP2_API int32_t sp2_receive_stream_get_stats(sp2_receive_stream *stream, sp2_receive_stats *stats);

/*
 * All statistics of a stream form one list: those of SP2_RECEIVE_STATS_MAP in its order, then the
 * custom ones in the order of sp2_receive_options.custom_stats.
 */

/* One entry of that list. Set `size` with the INIT macro. */
typedef struct sp2_stat_info {
    uint32_t size;    /* bytes of this struct as the caller compiled it; always first */
    uint32_t mode;    /* an sp2_stat_mode */
    const char *name; /* valid as long as the stream */
} sp2_stat_info;

#define SP2_STAT_INFO_INIT SP2_SIZED_INIT(sp2_stat_info)

/*
 * Says how many statistics the stream has, custom ones included.
 *
 * Threads: any.
 * Returns: SP2_OK, SP2_E_ARG. *count is 0 on failure.
 */
SP2_API int32_t sp2_receive_stream_get_stat_count(sp2_receive_stream *stream, uint32_t *count);

/*
 * Describes the statistic at `index`.
 *
 * Ownership: info->name belongs to the stream.
 * Threads:   any.
 * Returns:   SP2_OK, SP2_E_ARG (also: there is no such index).
 */
SP2_API int32_t sp2_receive_stream_get_stat_info(sp2_receive_stream *stream, uint32_t index,
                                                 sp2_stat_info *info);

/*
 * Finds a statistic by name.
 *
 * Threads: any.
 * Returns: SP2_OK, SP2_E_ARG (also: there is no such name). *index is 0 on failure.
 */
SP2_API int32_t sp2_receive_stream_find_stat(sp2_receive_stream *stream, const char *name,
                                             uint32_t *index);

/*
 * Gives all values, of one moment, in the list's order: at most `capacity` of them.
 *
 * Threads: any. Never waits for the consumer or for a source.
 * Returns: SP2_OK, SP2_E_ARG. *count is how many were written, 0 on failure.
 */
SP2_API int32_t sp2_receive_stream_get_stat_values(sp2_receive_stream *stream, uint64_t *values,
                                                   uint32_t capacity, uint32_t *count);

/*
 * Adds `value` to a custom counter, or raises a custom maximum to it. For users of heaps; callbacks
 * that are given a packet use sp2_packet_header.custom_stats.
 *
 * Threads: any.
 * Returns: SP2_OK, SP2_E_ARG (also: the statistic at `index` is not a custom one).
 */
SP2_API int32_t sp2_receive_stream_update_stat(sp2_receive_stream *stream, uint32_t index,
                                               uint64_t value);

/* Seconds of loss that a stream remembers, about 17 minutes. */
#define SP2_RECEIVE_LOSS_SECONDS 1024

/* What a stream received and lost in one second. */
typedef struct sp2_loss_second {
    int64_t time_ns;               /* when it began: nanoseconds since 1970-01-01 00:00 UTC */
    uint64_t packets;              /* packets that reached the assembly, used or not */
    uint64_t heaps;                /* heaps that left the assembly, complete or not */
    uint64_t kernel_drop_messages; /* messages that the kernel dropped */
    uint64_t packets_missing;      /* packets that evicted and flushed heaps lacked */
    uint64_t heaps_missing;        /* heaps of which nothing arrived */
    uint64_t heaps_incomplete;     /* heaps that were evicted, or flushed at the stream's end */
    uint64_t packets_unused;       /* packets and datagrams that came, but are part of no heap: the
                                      rejected_* but duplicates, too_large, allocation_failed,
                                      malformed, size_mismatch, truncated */
} sp2_loss_second;

/*
 * Gives what a stream with SP2_RECEIVE_ACCOUNT_HEAPS or SP2_RECEIVE_ACCOUNT_BY_SOURCE has lost in
 * its latest `capacity` seconds, at most SP2_RECEIVE_LOSS_SECONDS: one after the other without a
 * gap, the oldest first, the last one as far as it has passed. When the stream ends, so do they.
 *
 * A loss belongs to the second in which it became known. That is when a heap that lacks packets
 * leaves the assembly; when the sequence is SP2_RECEIVE_REORDER_HEAPS ahead of a heap that never
 * arrived; and for what the kernel dropped, when the stream's sources are read from next, or this
 * function is called.
 *
 * Threads: any. Waits for the slice of a source that is under way.
 * Returns: SP2_OK, SP2_E_STATE (the stream accounts for nothing), SP2_E_ARG. *count is how many
 *          were written, 0 on failure.
 */
SP2_API int32_t sp2_receive_stream_get_loss_seconds(sp2_receive_stream *stream,
                                                    sp2_loss_second *seconds, uint32_t capacity,
                                                    uint32_t *count);

/* What a loss was; each is a count of sp2_loss_second. */
typedef enum sp2_loss_cause {
    SP2_LOSS_KERNEL_DROPS = 1,     /* kernel_drop_messages */
    SP2_LOSS_PACKETS_MISSING = 2,  /* packets_missing */
    SP2_LOSS_HEAPS_MISSING = 3,    /* heaps_missing */
    SP2_LOSS_HEAPS_INCOMPLETE = 4, /* heaps_incomplete */
    SP2_LOSS_PACKETS_UNUSED = 5    /* packets_unused */
} sp2_loss_cause;

/* The largest sp2_loss_cause. */
#define SP2_LOSS_LAST 5

/* Losses that come at regular intervals. Set `size` with the INIT macro. */
typedef struct sp2_loss_period {
    uint32_t size;               /* bytes of this struct as the caller compiled it; always first */
    uint32_t cause;              /* an sp2_loss_cause */
    uint32_t period_ms;          /* how long after a loss the next one comes, on average */
    uint32_t confidence_percent; /* how much of the losses the period explains beyond chance, from
                                    60; 100: each loss is followed by another one after it */
    uint32_t losses;             /* that there were; those of neighbouring seconds are one */
    uint32_t reserved;           /* zero */
} sp2_loss_period;

#define SP2_LOSS_PERIOD_INIT SP2_SIZED_INIT(sp2_loss_period)

/*
 * Finds the period of losses, of the cause for which it is most sure, in seconds without a gap, as
 * sp2_receive_stream_get_loss_seconds gives them; their times are not looked at. It takes five
 * losses at least, and more where they are frequent, so that chance is not taken for a period.
 * Periods shorter than 5 s are found only if they are whole seconds; in place of others a multiple
 * may be found.
 *
 * Threads: any.
 * Returns: SP2_OK, SP2_E_EMPTY (losses are none, too few, constant, or at irregular times),
 *          SP2_E_ARG (also: `count` is more than SP2_RECEIVE_LOSS_SECONDS). *period is zero but for
 *          its size unless it is SP2_OK.
 */
SP2_API int32_t sp2_find_loss_period(const sp2_loss_second *seconds, uint32_t count,
                                     sp2_loss_period *period);

/* Why a datagram, or bytes of a buffer, were refused: the first check that they do not pass. The
 * first eight are counted as malformed_*, in the order of those statistics. */
typedef enum sp2_refusal {
    SP2_REFUSED_SIZE = 1,          /* malformed_size */
    SP2_REFUSED_MAGIC = 2,         /* malformed_magic */
    SP2_REFUSED_FLAVOUR = 3,       /* malformed_flavour */
    SP2_REFUSED_WIDTHS = 4,        /* malformed_widths */
    SP2_REFUSED_ITEM_TABLE = 5,    /* malformed_item_table */
    SP2_REFUSED_ITEM_MISSING = 6,  /* malformed_item_missing */
    SP2_REFUSED_PAYLOAD = 7,       /* malformed_payload */
    SP2_REFUSED_BEYOND_HEAP = 8,   /* malformed_beyond_heap */
    SP2_REFUSED_SIZE_MISMATCH = 9, /* size_mismatch */
    SP2_REFUSED_TRUNCATED = 10     /* truncated */
} sp2_refusal;

/* The largest sp2_refusal. */
#define SP2_REFUSED_LAST 10

/* Most bytes of a refused datagram that are kept. */
#define SP2_REFUSED_BYTES 64

/* A datagram that was refused. Set `size` with the INIT macro. */
typedef struct sp2_refused_datagram {
    uint32_t size;   /* bytes of this struct as the caller compiled it; always first */
    uint32_t cause;  /* an sp2_refusal */
    uint64_t length; /* bytes of the datagram, or of the rest of the buffer; of one that did not
                        fit its slot those that did */
    int64_t time_ns; /* when it was refused: nanoseconds since 1970-01-01 00:00 UTC */
    uint32_t sender_port;       /* UDP port of the sender */
    uint32_t sender_length;     /* of its address: 4 for IPv4, 16 for IPv6; 0: not known, or packets
                                   in memory, which nobody sent */
    uint8_t sender_address[16]; /* in network byte order; the rest is zero */
    uint32_t byte_count;        /* bytes at `bytes`, from the start of the datagram */
    uint32_t reserved;          /* zero */
    uint8_t bytes[SP2_REFUSED_BYTES];
} sp2_refused_datagram;

#define SP2_REFUSED_DATAGRAM_INIT SP2_SIZED_INIT(sp2_refused_datagram)

/*
 * Gives the first datagram that was refused for a cause. The kernel is asked who sent the first
 * datagram of each batch only, as the rest would cost every packet time; once it is not known who
 * sent a refused one it is asked for all of 65,536 batches, and the first refused datagram with a
 * known sender takes the place of the one without.
 *
 * Threads: any. Never waits for the consumer or for a source.
 * Returns: SP2_OK, SP2_E_EMPTY (none was refused for this cause), SP2_E_ARG (also: there is no such
 *          cause).
 */
SP2_API int32_t sp2_receive_stream_get_refused(sp2_receive_stream *stream, uint32_t cause,
                                               sp2_refused_datagram *datagram);

/* Most characters of the name that a stream is published under. */
#define SP2_PAGE_MAX_NAME 64

/*
 * Publishes a stream's statistics to other processes of the user, `spead2 top` for example, under a
 * name: 1 to SP2_PAGE_MAX_NAME printable ASCII characters; NULL: "default". They are in a
 * statistics page, a file in memory whose layout docs/statistics-page.md gives. One of the stream's
 * threads writes it ten times a second; packets and heaps cost nothing more. It shows the sources
 * that are added from now on, eight at most. If it cannot be written any more it is removed, and
 * the stream goes on.
 *
 * The page is removed when the stream is destroyed, until when it says that a stopped stream has
 * stopped. What a process leaves that ends without that is removed by those that publish or look.
 *
 * Threads: any.
 * Returns: SP2_OK, SP2_E_ARG, SP2_E_STATE (the stream is published already), SP2_E_OS (the folder
 *          does not exist, is full, or may not be written to), SP2_E_NOMEM, SP2_E_UNSUPPORTED
 *          (Windows has no pages).
 */
SP2_API int32_t sp2_receive_stream_publish(sp2_receive_stream *stream, const char *name);

#ifdef __cplusplus
}
#endif

#endif
