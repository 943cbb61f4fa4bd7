// SPDX-License-Identifier: MIT

using System.Reflection;
using Spead2.Bindings;
using Spead2.Receive;

namespace Spead2.Interop.Tests;

/// <summary>The shared types say the same as the C header.</summary>
public sealed class DefaultsTests
{
    [Test]
    public void Stream_options_have_the_defaults_of_the_header()
    {
        ReceiveStreamOptions options = new();

        Assert.Multiple(() =>
        {
            Assert.That(options.MaxHeaps, Is.EqualTo(NativeMethods.SP2_RECEIVE_DEFAULT_MAX_HEAPS));
            Assert.That(options.RingHeaps, Is.EqualTo(NativeMethods.SP2_RECEIVE_DEFAULT_RING_HEAPS));
            Assert.That(options.Substreams, Is.EqualTo(NativeMethods.SP2_RECEIVE_DEFAULT_SUBSTREAMS));
            Assert.That(options.MaxHeapSize, Is.EqualTo(NativeMethods.SP2_RECEIVE_DEFAULT_MAX_HEAP_SIZE));
            Assert.That(options.MaxUnsizedGap, Is.EqualTo(NativeMethods.SP2_RECEIVE_DEFAULT_MAX_UNSIZED_GAP));
            Assert.That(ReceiveStreamOptions.MaxSlots, Is.EqualTo(NativeMethods.SP2_RECEIVE_MAX_SLOTS));
            Assert.That(ReceiveStreamHandle.ToNative(options).flags, Is.Zero);
            Assert.That(ReceiveStreamHandle.ToNative(options).bug_compat, Is.Zero);
            Assert.That(
                ReceiveStreamHandle.ToNative(options).spin_ns, Is.EqualTo(NativeMethods.SP2_RECEIVE_DEFAULT_SPIN_NS));
            Assert.That(
                ReceiveStreamOptions.MaxCustomStatistics, Is.EqualTo(NativeMethods.SP2_RECEIVE_MAX_CUSTOM_STATS));
        });
    }

    [Test]
    public void No_time_to_spin_is_never_to_spin()
    {
        ReceiveStreamOptions options = new() { SpinTime = TimeSpan.Zero };

        Assert.That(ReceiveStreamHandle.ToNative(options).spin_ns, Is.EqualTo(NativeMethods.SP2_NEVER_SPIN));
    }

    [Test]
    public void Udp_options_have_the_defaults_of_the_header()
    {
        Assert.Multiple(() =>
        {
            Assert.That(new UdpSourceOptions().MaxSize, Is.EqualTo(NativeMethods.SP2_UDP_DEFAULT_MAX_SIZE));
            Assert.That(UdpSourceOptions.LargestDatagram, Is.EqualTo(NativeMethods.SP2_UDP_LARGEST_DATAGRAM));
        });
    }

    [Test]
    public void Tcp_options_have_the_defaults_of_the_header()
    {
        Assert.Multiple(() =>
        {
            Assert.That(TcpSourceOptions.DefaultMaxSize, Is.EqualTo(NativeMethods.SP2_TCP_DEFAULT_MAX_SIZE));
            Assert.That(TcpSourceOptions.LargestPacket, Is.EqualTo(NativeMethods.SP2_TCP_LARGEST_PACKET));
        });
    }

    [Test]
    public void Statistics_have_the_names_and_order_of_the_header()
    {
        string[] counters =
        [
            .. typeof(sp2_receive_stats).GetFields(BindingFlags.Public | BindingFlags.Instance)
                .Where(field => field.FieldType == typeof(ulong))
                .Select(field => field.Name),
        ];

        Assert.That(StreamStatistics.Names, Is.EqualTo(counters));
    }

    [Test]
    public void Sources_have_the_kinds_states_and_counters_of_the_header()
    {
        Assert.Multiple(() =>
        {
            Assert.That(
                Enum.GetValues<SourceKind>().Skip(1).Select(kind => (int)kind),
                Is.EqualTo(Enum.GetValues<sp2_source_kind>().Select(kind => (int)kind)));
            Assert.That((int)SourceKind.Udp, Is.EqualTo((int)sp2_source_kind.SP2_SOURCE_UDP));
            Assert.That((int)SourceKind.Buffer, Is.EqualTo((int)sp2_source_kind.SP2_SOURCE_BUFFER));
            Assert.That((int)SourceKind.Datagrams, Is.EqualTo((int)sp2_source_kind.SP2_SOURCE_DATAGRAMS));
            Assert.That((int)SourceKind.InProcess, Is.EqualTo((int)sp2_source_kind.SP2_SOURCE_INPROC));
            Assert.That((int)SourceKind.Tcp, Is.EqualTo((int)sp2_source_kind.SP2_SOURCE_TCP));
            Assert.That((int)SourceKind.Pcap, Is.EqualTo((int)sp2_source_kind.SP2_SOURCE_PCAP));
            Assert.That(
                Enum.GetNames<SourceState>(),
                Is.EqualTo(Enum.GetNames<sp2_source_state>().Select(name => PascalCase(name["SP2_SOURCE_".Length..]))));
            Assert.That(
                typeof(PacketSourceStatistics).GetProperties()
                    .Where(property => property.PropertyType == typeof(long)).Select(property => property.Name),
                Is.EqualTo(typeof(sp2_packet_source_stats).GetFields()
                    .Where(field => field.FieldType == typeof(ulong)).Select(field => PascalCase(field.Name))));
        });
    }

    [Test]
    public void Heap_states_have_the_numbers_of_the_header()
    {
        Assert.Multiple(() =>
        {
            Assert.That((uint)HeapState.Complete, Is.EqualTo((uint)sp2_heap_flags.SP2_HEAP_COMPLETE));
            Assert.That((uint)HeapState.Contiguous, Is.EqualTo((uint)sp2_heap_flags.SP2_HEAP_CONTIGUOUS));
            Assert.That((uint)HeapState.StartOfStream, Is.EqualTo((uint)sp2_heap_flags.SP2_HEAP_START_OF_STREAM));
            Assert.That((uint)HeapState.EndOfStream, Is.EqualTo((uint)sp2_heap_flags.SP2_HEAP_END_OF_STREAM));
        });
    }

    [Test]
    public void Bug_masks_have_the_numbers_of_the_header()
    {
        Assert.Multiple(() =>
        {
            Assert.That(
                (uint)BugCompat.DescriptorWidths, Is.EqualTo((uint)sp2_bug_compat.SP2_BUG_COMPAT_DESCRIPTOR_WIDTHS));
            Assert.That((uint)BugCompat.ShapeBit1, Is.EqualTo((uint)sp2_bug_compat.SP2_BUG_COMPAT_SHAPE_BIT_1));
            Assert.That((uint)BugCompat.SwapEndian, Is.EqualTo((uint)sp2_bug_compat.SP2_BUG_COMPAT_SWAP_ENDIAN));
            Assert.That((uint)BugCompat.PySpead052, Is.EqualTo((uint)sp2_bug_compat.SP2_BUG_COMPAT_PYSPEAD_0_5_2));
        });
    }

    [Test]
    public void Copy_methods_and_statistic_modes_have_the_numbers_of_the_header()
    {
        Assert.Multiple(() =>
        {
            Assert.That((uint)CopyMethod.Default, Is.EqualTo((uint)sp2_memcpy_method.SP2_MEMCPY_DEFAULT));
            Assert.That((uint)CopyMethod.Standard, Is.EqualTo((uint)sp2_memcpy_method.SP2_MEMCPY_STD));
            Assert.That((uint)CopyMethod.NonTemporal, Is.EqualTo((uint)sp2_memcpy_method.SP2_MEMCPY_NONTEMPORAL));
            Assert.That((uint)CopyMethod.Auto, Is.EqualTo((uint)sp2_memcpy_method.SP2_MEMCPY_AUTO));
            Assert.That(Enum.GetValues<CopyMethod>(), Has.Length.EqualTo(Enum.GetValues<sp2_memcpy_method>().Length));
            Assert.That((uint)StatisticMode.Counter, Is.EqualTo((uint)sp2_stat_mode.SP2_STAT_COUNTER));
            Assert.That((uint)StatisticMode.Maximum, Is.EqualTo((uint)sp2_stat_mode.SP2_STAT_MAXIMUM));
            Assert.That(Enum.GetValues<StatisticMode>(), Has.Length.EqualTo(Enum.GetValues<sp2_stat_mode>().Length));
        });
    }

    [Test]
    public void Custom_statistics_come_where_the_header_says()
    {
        using ReceiveStream stream = new();

        Assert.That(stream.Statistics.FirstCustomIndex, Is.EqualTo(StreamStatistics.Names.Length));
    }

    [Test]
    public void Statuses_have_the_numbers_of_the_header()
    {
        Assert.That(
            Enum.GetValues<Spead2Status>().Select(status => (int)status),
            Is.EquivalentTo(Enum.GetValues<sp2_status>().Select(status => (int)status)));
    }

    [Test]
    public void Stopped_exception_has_the_status_of_the_header()
    {
        Assert.That(new StreamStoppedException().Status, Is.EqualTo(Spead2Status.Stopped));
    }

    private static string PascalCase(string snakeCase) => string.Concat(
        snakeCase.Split('_').Select(word => char.ToUpperInvariant(word[0]) + word[1..].ToLowerInvariant()));
}
