// SPDX-License-Identifier: MIT

namespace Spead2.Send;

/// <summary>
/// Packets that break a rule of SPEAD as some senders do: each heap is one packet. How such packets are read is said by
/// <see cref="Receive.Dialect"/>, which has dialects of the same names.
/// </summary>
public enum SendDialect
{
    /// <summary>By the rules.</summary>
    None = 0,

    /// <summary>
    /// SKA-Low station beams: HEAP_CNT, PAYLOAD_LENGTH, then the immediates, but no pointer to payload.
    /// </summary>
    SkaLowSps = 1,

    /// <summary>SKA-Low antenna buffers: HEAP_CNT, PAYLOAD_LENGTH, then the items.</summary>
    SkaLowAntennaBuffer = 2,

    /// <summary>PySPEAD and ports of it: HEAP_CNT, then the items, then PAYLOAD_LENGTH unless it is 0.</summary>
    PySpead = 3,

    /// <summary>
    /// Firmware whose lengths and offsets are wrong: HEAP_CNT 0, HEAP_LENGTH of the packet's header and pointers (of a heap
    /// with a stream control item alone 0), PAYLOAD_OFFSET 0, PAYLOAD_LENGTH, then the items.
    /// </summary>
    DatagramIsHeap = 4,
}
