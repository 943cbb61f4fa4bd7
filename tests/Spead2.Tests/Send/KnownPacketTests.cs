// SPDX-License-Identifier: MIT

using System.Text;
using Spead2.Send;

namespace Spead2.Tests.Send;

/// <summary>Packets that are known byte for byte; the names are those of the vectors under tests/vectors.</summary>
[TestFixture]
public sealed class KnownPacketTests
{
    [Test]
    public void V02_heap_of_one_immediate_gets_one_padding_byte()
    {
        var heap = new HeapToSend();
        heap.AddImmediate(0x2AAA, 0x0BAD);

        AssertPackets(
            Packets.Encode(heap, 0xABCDEF, Packets.Flavour48),
            """
            53 04 02 06 00 00 00 06
            80 01 00 00 00 ab cd ef
            80 02 00 00 00 00 00 01
            80 03 00 00 00 00 00 00
            80 04 00 00 00 00 00 01
            aa aa 00 00 00 00 0b ad
            00 00 00 00 00 00 00 00
            00
            """);
    }

    [Test]
    public void V03a_start_marker()
    {
        var heap = new HeapToSend();
        heap.AddStart();

        AssertPackets(
            Packets.Encode(heap, 1, Packets.Flavour40),
            """
            53 04 03 05 00 00 00 06
            80 00 01 00 00 00 00 01
            80 00 02 00 00 00 00 01
            80 00 03 00 00 00 00 00
            80 00 04 00 00 00 00 01
            80 00 06 00 00 00 00 00
            00 00 00 00 00 00 00 00
            00
            """);
    }

    [Test]
    public void V03b_stop_marker()
    {
        var heap = new HeapToSend();
        heap.AddEnd();

        AssertPackets(
            Packets.Encode(heap, 2, Packets.Flavour40),
            """
            53 04 03 05 00 00 00 06
            80 00 01 00 00 00 00 02
            80 00 02 00 00 00 00 01
            80 00 03 00 00 00 00 00
            80 00 04 00 00 00 00 01
            80 00 06 00 00 00 00 02
            00 00 00 00 00 00 00 00
            00
            """);
    }

    [Test]
    public void V08_numpy_descriptor_and_value()
    {
        byte[] shape = Packets.Hex("00 00 00 00 00 00 03 00 00 00 00 00 00 02");
        byte[] dtype = Encoding.ASCII.GetBytes("{'descr': '<i2', 'fortran_order': False, 'shape': (3, 2)}");
        var heap = new HeapToSend();
        heap.AddDescriptor(Descriptor(0x1800, "gain", "per-channel gain", [], shape, dtype));
        heap.AddItem(0x1800, Packets.Hex("01 00 fe ff 2c 01 70 fe 88 13 90 e8"));

        AssertPackets(
            Packets.Encode(heap, 0x77, Packets.Flavour48),
            """
            53 04 02 06 00 00 00 06
            80 01 00 00 00 00 00 77
            80 02 00 00 00 00 00 bf
            80 03 00 00 00 00 00 00
            80 04 00 00 00 00 00 bf
            00 05 00 00 00 00 00 00
            18 00 00 00 00 00 00 b3
            53 04 02 06 00 00 00 0a 80 01 00 00 00 00 00 01
            80 02 00 00 00 00 00 5b 80 03 00 00 00 00 00 00
            80 04 00 00 00 00 00 5b 80 14 00 00 00 00 18 00
            00 10 00 00 00 00 00 00 00 11 00 00 00 00 00 04
            00 13 00 00 00 00 00 14 00 12 00 00 00 00 00 14
            00 15 00 00 00 00 00 22 67 61 69 6e 70 65 72 2d
            63 68 61 6e 6e 65 6c 20 67 61 69 6e 00 00 00 00
            00 00 03 00 00 00 00 00 00 02 7b 27 64 65 73 63
            72 27 3a 20 27 3c 69 32 27 2c 20 27 66 6f 72 74
            72 61 6e 5f 6f 72 64 65 72 27 3a 20 46 61 6c 73
            65 2c 20 27 73 68 61 70 65 27 3a 20 28 33 2c 20
            32 29 7d 01 00 fe ff 2c 01 70 fe 88 13 90 e8
            """);
    }

    [Test]
    public void V09_two_descriptors_and_buffers_that_travel_as_48_bit_immediates()
    {
        byte[] value = Packets.Hex("c0 ff ee 12 34 56");
        var heap = new HeapToSend();
        heap.AddDescriptor(Descriptor(0x1801, "ticks", "", Packets.Hex("75 00 30"), []));
        heap.AddDescriptor(Descriptor(0x1802, "delta", "", Packets.Hex("69 00 30"), []));
        heap.AddItem(0x1801, value);
        heap.AddItem(0x1802, value);

        AssertPackets(
            Packets.Encode(heap, 3, Packets.Flavour48),
            """
            53 04 02 06 00 00 00 08
            80 01 00 00 00 00 00 03
            80 02 00 00 00 00 00 b0
            80 03 00 00 00 00 00 00
            80 04 00 00 00 00 00 b0
            00 05 00 00 00 00 00 00
            00 05 00 00 00 00 00 58
            98 01 c0 ff ee 12 34 56
            98 02 c0 ff ee 12 34 56
            53 04 02 06 00 00 00 09 80 01 00 00 00 00 00 01
            80 02 00 00 00 00 00 08 80 03 00 00 00 00 00 00
            80 04 00 00 00 00 00 08 80 14 00 00 00 00 18 01
            00 10 00 00 00 00 00 00 00 11 00 00 00 00 00 05
            00 13 00 00 00 00 00 05 00 12 00 00 00 00 00 08
            74 69 63 6b 73 75 00 30 53 04 02 06 00 00 00 09
            80 01 00 00 00 00 00 01 80 02 00 00 00 00 00 08
            80 03 00 00 00 00 00 00 80 04 00 00 00 00 00 08
            80 14 00 00 00 00 18 02 00 10 00 00 00 00 00 00
            00 11 00 00 00 00 00 05 00 13 00 00 00 00 00 05
            00 12 00 00 00 00 00 08 64 65 6c 74 61 69 00 30
            """);
    }

    [Test]
    public void V10_packed_array_of_variable_size_is_never_an_immediate()
    {
        var heap = new HeapToSend();
        heap.AddDescriptor(Descriptor(
            0x4001, "adc", "", Packets.Hex("75 00 0a"), Packets.Hex("01 00 00 00 00 00 00")));
        heap.AddItem(0x4001, Packets.Hex("ff c0 1a a9 55"), allowImmediate: false);

        AssertPackets(
            Packets.Encode(heap, 4, Packets.Flavour48),
            """
            53 04 02 06 00 00 00 06
            80 01 00 00 00 00 00 04
            80 02 00 00 00 00 00 62
            80 03 00 00 00 00 00 00
            80 04 00 00 00 00 00 62
            00 05 00 00 00 00 00 00
            40 01 00 00 00 00 00 5d
            53 04 02 06 00 00 00 09 80 01 00 00 00 00 00 01
            80 02 00 00 00 00 00 0d 80 03 00 00 00 00 00 00
            80 04 00 00 00 00 00 0d 80 14 00 00 00 00 40 01
            00 10 00 00 00 00 00 00 00 11 00 00 00 00 00 03
            00 13 00 00 00 00 00 03 00 12 00 00 00 00 00 06
            61 64 63 75 00 0a 01 00 00 00 00 00 00 ff c0 1a
            a9 55
            """);
    }

    [Test]
    public void V12_string_of_variable_length()
    {
        var heap = new HeapToSend();
        heap.AddDescriptor(Descriptor(
            0x4003, "msg", "", Packets.Hex("63 00 08"), Packets.Hex("01 00 00 00 00 00 00")));
        heap.AddItem(0x4003, "hello SPEAD"u8.ToArray(), allowImmediate: false);

        AssertPackets(
            Packets.Encode(heap, 6, Packets.Flavour48),
            """
            53 04 02 06 00 00 00 06
            80 01 00 00 00 00 00 06
            80 02 00 00 00 00 00 68
            80 03 00 00 00 00 00 00
            80 04 00 00 00 00 00 68
            00 05 00 00 00 00 00 00
            40 03 00 00 00 00 00 5d
            53 04 02 06 00 00 00 09 80 01 00 00 00 00 00 01
            80 02 00 00 00 00 00 0d 80 03 00 00 00 00 00 00
            80 04 00 00 00 00 00 0d 80 14 00 00 00 00 40 03
            00 10 00 00 00 00 00 00 00 11 00 00 00 00 00 03
            00 13 00 00 00 00 00 03 00 12 00 00 00 00 00 06
            6d 73 67 63 00 08 01 00 00 00 00 00 00 68 65 6c
            6c 6f 20 53 50 45 41 44
            """);
    }

    [Test]
    public void V13_descriptor_by_the_rules_of_an_old_sender()
    {
        var heap = new HeapToSend();
        heap.AddDescriptor(Descriptor(
            0x4004, "arr", "", Packets.Hex("75 00 00 10"), Packets.Hex("02 00 00 00 00 00 00 00")));
        heap.AddItem(0x4004, Packets.Hex("00 01 00 02 00 03"), allowImmediate: false);

        AssertPackets(
            Packets.Encode(heap, 8, Packets.Flavour48),
            """
            53 04 02 06 00 00 00 06
            80 01 00 00 00 00 00 08
            80 02 00 00 00 00 00 65
            80 03 00 00 00 00 00 00
            80 04 00 00 00 00 00 65
            00 05 00 00 00 00 00 00
            40 04 00 00 00 00 00 5f
            53 04 02 06 00 00 00 09 80 01 00 00 00 00 00 01
            80 02 00 00 00 00 00 0f 80 03 00 00 00 00 00 00
            80 04 00 00 00 00 00 0f 80 14 00 00 00 00 40 04
            00 10 00 00 00 00 00 00 00 11 00 00 00 00 00 03
            00 13 00 00 00 00 00 03 00 12 00 00 00 00 00 07
            61 72 72 75 00 00 10 02 00 00 00 00 00 00 00 00
            01 00 02 00 03
            """);
    }

    [Test]
    public void V16_ten_immediates_are_spread_over_packets_of_64_bytes()
    {
        var heap = new HeapToSend();
        AddTenImmediates(heap);

        AssertPackets(
            Packets.Encode(heap, 1, Packets.Flavour48, maxPacketSize: 64),
            PaddingPacket("00", "90 00 00 00 00 00 00 00  90 01 00 00 00 00 00 01"),
            PaddingPacket("08", "90 02 00 00 00 00 00 02  90 03 00 00 00 00 00 03"),
            PaddingPacket("10", "90 04 00 00 00 00 00 04  90 05 00 00 00 00 00 05"),
            PaddingPacket("18", "90 06 00 00 00 00 00 06  90 07 00 00 00 00 00 07"),
            PaddingPacket("20", "90 08 00 00 00 00 00 08  90 09 00 00 00 00 00 09"),
            """
            53 04 02 06 00 00 00 05
            80 01 00 00 00 00 00 01
            80 02 00 00 00 00 00 29
            80 03 00 00 00 00 00 28
            80 04 00 00 00 00 00 01
            00 00 00 00 00 00 00 00
            00
            """);
    }

    [Test]
    public void Padding_follows_the_last_real_byte_where_both_share_a_packet()
    {
        var heap = new HeapToSend();
        heap.AddItem(0x2000, Packets.Hex("01 02 03"), allowImmediate: false);
        AddTenImmediates(heap);

        AssertPackets(
            Packets.Encode(heap, 1, Packets.Flavour48, maxPacketSize: 64),
            PaddingPacket("00", "20 00 00 00 00 00 00 00  90 00 00 00 00 00 00 00", "01 02 03 00 00 00 00 00"),
            PaddingPacket("08", "90 01 00 00 00 00 00 01  90 02 00 00 00 00 00 02"),
            PaddingPacket("10", "90 03 00 00 00 00 00 03  90 04 00 00 00 00 00 04"),
            PaddingPacket("18", "90 05 00 00 00 00 00 05  90 06 00 00 00 00 00 06"),
            PaddingPacket("20", "90 07 00 00 00 00 00 07  90 08 00 00 00 00 00 08"),
            """
            53 04 02 06 00 00 00 06
            80 01 00 00 00 00 00 01
            80 02 00 00 00 00 00 29
            80 03 00 00 00 00 00 28
            80 04 00 00 00 00 00 01
            90 09 00 00 00 00 00 09
            00 00 00 00 00 00 00 03
            00
            """);
    }

    private static void AddTenImmediates(HeapToSend heap)
    {
        for (ulong i = 0; i < 10; i++)
        {
            heap.AddImmediate(0x1000 + (long)i, i);
        }
    }

    private static string PaddingPacket(string offset, string pointers, string payload = "00 00 00 00 00 00 00 00") =>
        $"""
        53 04 02 06 00 00 00 06
        80 01 00 00 00 00 00 01
        80 02 00 00 00 00 00 29
        80 03 00 00 00 00 00 {offset}
        80 04 00 00 00 00 00 08
        {pointers}
        {payload}
        """;

    // A descriptor is a heap of its own, in one packet.
    private static byte[] Descriptor(
        long id, string name, string description, byte[] format, byte[] shape, byte[]? dtype = null)
    {
        var heap = new HeapToSend();
        heap.AddImmediate(0x14, (ulong)id);
        heap.AddItem(0x10, Encoding.ASCII.GetBytes(name), allowImmediate: false);
        heap.AddItem(0x11, Encoding.ASCII.GetBytes(description), allowImmediate: false);
        heap.AddItem(0x13, format, allowImmediate: false);
        heap.AddItem(0x12, shape, allowImmediate: false);
        if (dtype is not null)
        {
            heap.AddItem(0x15, dtype, allowImmediate: false);
        }

        return Packets.Encode(heap, 1, Packets.Flavour48, maxPacketSize: 65536).Single();
    }

    private static void AssertPackets(List<byte[]> packets, params string[] expected) =>
        Assert.That(
            packets.Select(Convert.ToHexStringLower),
            Is.EqualTo(expected.Select(text => Convert.ToHexStringLower(Packets.Hex(text)))));
}
