// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Spead2.Bindings;
using Spead2.Managed;
using Spead2.Receive;
using Spead2.Receive.Pages;

namespace Spead2.Interop.Tests;

/// <summary>Statistics pages that the C core makes for C programs, beside those that are made in C#.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
[NonParallelizable]
internal sealed unsafe class NativePageTests
{
    // What differs between two pages of the same stream: the sequence, and times.
    private static readonly Range[] Varying = [16..24, 40..64];

    private string[] _others = [];

    // Environment variables that are set in .NET are not seen by native code.
    private static string[] Pages => [.. PageFolder.Find(PageFolder.Own)];

    private string Page => Pages.Except(_others).Single();

    [SetUp]
    public void LookForOthers() => _others = Pages;

    [Test]
    public void Pages_of_both_engines_are_equal_byte_for_byte()
    {
        byte[][] datagrams = [.. Packets.OfHeaps(3).Select(packet => packet.ToArray()), new byte[20]];
        byte[] native = ReadNative(datagrams);
        byte[] managed = ReadManaged(datagrams);

        Assert.That(native, Is.EqualTo(managed).AsCollection);
    }

    private byte[] ReadNative(byte[][] datagrams)
    {
        sp2_custom_stat custom;
        sp2_receive_stream* stream;
        fixed (byte* customName = "mine\0"u8)
        fixed (byte* name = "beam\0"u8)
        {
            custom = new() { name = (sbyte*)customName };
            sp2_receive_options options = new()
            {
                size = (uint)sizeof(sp2_receive_options),
                ring_heaps = 8,
                custom_stats = &custom,
                custom_stat_count = 1,
            };
            Check(NativeMethods.sp2_receive_stream_create(null, &options, &stream));
            Check(NativeMethods.sp2_receive_stream_publish(stream, (sbyte*)name));
        }

        try
        {
            AddDatagrams(stream, datagrams);
            return ReadWhenAllHasCome();
        }
        finally
        {
            NativeMethods.sp2_receive_stream_destroy(stream);
            Assert.That(Pages.Except(_others), Is.Empty);
        }
    }

    private static void AddDatagrams(sp2_receive_stream* stream, byte[][] datagrams)
    {
        sp2_datagram[] all = [.. datagrams.Select(datagram => new sp2_datagram
        {
            data = PinnedCopy(datagram), length = (ulong)datagram.Length,
        })];
        sp2_packet_source* source;
        fixed (sp2_datagram* first = all)
        {
            sp2_datagram_source_options options = new()
            {
                size = (uint)sizeof(sp2_datagram_source_options), datagrams = first, count = (ulong)all.Length,
            };
            Check(NativeMethods.sp2_receive_stream_add_datagram_source(stream, &options, &source));
            nint handle = (nint)source;
            Poll.Until(() => HasEnded((sp2_packet_source*)handle), "all has been read");
            NativeMethods.sp2_packet_source_release(source);
        }
    }

    private static bool HasEnded(sp2_packet_source* source)
    {
        sp2_packet_source_info info = new() { size = (uint)sizeof(sp2_packet_source_info) };
        Check(NativeMethods.sp2_packet_source_get_info(source, &info));
        return info.state == (uint)sp2_source_state.SP2_SOURCE_ENDED;
    }

    private byte[] ReadManaged(byte[][] datagrams)
    {
        using ManagedReceiveStream stream = new(
            new ReceiveStreamOptions { Name = "beam", RingHeaps = 8, CustomStatistics = [new CustomStatistic("mine")] });
        using StatisticsPage page = StatisticsPage.Publish(stream);
        stream.Add(new DatagramSourceOptions { Datagrams = [.. datagrams.Select(datagram => (ReadOnlyMemory<byte>)datagram)] });
        return ReadWhenAllHasCome();
    }

    private byte[] ReadWhenAllHasCome()
    {
        byte[] page = [];
        Poll.Until(
            () =>
            {
                page = File.ReadAllBytes(Page);

                // The source has ended, and nothing was being written.
                return page[6296 + 120] == (byte)SourceState.Ended && page[16] % 2 == 0 && page[152 + 40] == 3;
            },
            "the page has it all");
        foreach (Range range in Varying)
        {
            page.AsSpan(range).Clear();
        }

        return page;
    }

    private static byte* PinnedCopy(byte[] bytes)
    {
        byte[] copy = GC.AllocateUninitializedArray<byte>(bytes.Length, pinned: true);
        bytes.CopyTo(copy, 0);
        return (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(copy, 0);
    }

    private static void Check(int status) => Assert.That((sp2_status)status, Is.EqualTo(sp2_status.SP2_OK));
}
