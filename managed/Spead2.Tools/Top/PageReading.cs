// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Spead2.Receive.Pages;

namespace Spead2.Tools.Top;

/// <summary>What a statistics page said at one moment. Anybody may have written it, so nothing in it is trusted.</summary>
internal sealed partial record PageReading(
    string Path,
    int Process,
    string Program,
    string Name,
    bool HasStopped,
    DateTime Updated,
    DateTime? LastHeap,
    long RingHeaps,
    long RingLimit,
    IReadOnlyDictionary<string, long> Statistics,
    IReadOnlyList<PageSource> Sources)
{
    // A page that is being written is done in microseconds; one whose writer was killed meanwhile never is.
    private const int Attempts = 5;

    private const int OpenReadOnly = 0;
    private const int OpenNonBlocking = 0x800;
    private const int OpenCloseOnExec = 0x80000;

    // Linux numbers this one by the architecture.
    private static readonly int OpenNoFollow =
        RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x8000 : 0x20000;

    /// <summary>A statistic, 0 if the page has none of that name.</summary>
    public long this[string name] => Statistics.GetValueOrDefault(name);

    /// <summary>Reads a page; null if the file is none, or is gone.</summary>
    public static PageReading? Read(string path)
    {
        // Neither a link that leads elsewhere nor a pipe that never answers.
        using SafeFileHandle file = Open(path, OpenReadOnly | OpenNonBlocking | OpenNoFollow | OpenCloseOnExec);
        if (file.IsInvalid)
        {
            return null;
        }

        try
        {
            byte[] page = new byte[PageLayout.Size];
            byte[] sequence = new byte[sizeof(ulong)];
            for (int i = 0; i < Attempts; i++)
            {
                if (RandomAccess.Read(file, page, 0) < page.Length || RandomAccess.Read(file, sequence, PageLayout.SequenceAt) < sequence.Length)
                {
                    return null;
                }

                ulong before = LongAt(page, PageLayout.SequenceAt);
                if (before % 2 == 0 && before == LongAt(sequence, 0))
                {
                    return Parse(path, page);
                }

                Thread.Yield();
            }

            return null;
        }
        catch (Exception exception) when (exception is IOException or NotSupportedException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Makes sense of the bytes of a page; null if they do not make any.</summary>
    public static PageReading? Parse(string path, ReadOnlySpan<byte> page)
    {
        if (page.Length < PageLayout.Size || LongAt(page, PageLayout.MagicAt) != PageLayout.Magic ||
            IntAt(page, PageLayout.VersionAt) != PageLayout.Version || IntAt(page, PageLayout.SizeAt) != PageLayout.Size)
        {
            return null;
        }

        uint statistics = IntAt(page, PageLayout.StatisticCountAt);
        uint sources = IntAt(page, PageLayout.SourceCountAt);
        if (statistics > PageLayout.MaxStatistics || sources > PageLayout.MaxSources ||
            TimeAt(page, PageLayout.UpdatedAt) is not DateTime updated)
        {
            return null;
        }

        Dictionary<string, long> values = [];
        for (int i = 0; i < statistics; i++)
        {
            ReadOnlySpan<byte> entry = page.Slice(PageLayout.StatisticsAt + (i * PageLayout.StatisticSize), PageLayout.StatisticSize);
            values[TextOf(entry[..PageLayout.StatisticNameSize])] = NumberAt(entry, PageLayout.StatisticNameSize);
        }

        PageSource[] all = new PageSource[sources];
        for (int i = 0; i < sources; i++)
        {
            ReadOnlySpan<byte> entry = page.Slice(PageLayout.SourcesAt + (i * PageLayout.SourceSize), PageLayout.SourceSize);
            all[i] = new(
                TextOf(entry[..PageLayout.SourceNameSize]),
                NumberAt(entry, PageLayout.SourcePacketsAt),
                NumberAt(entry, PageLayout.SourceBytesAt),
                NumberAt(entry, PageLayout.SourceDropsAt));
        }

        int process = (int)IntAt(page, PageLayout.ProcessAt);
        return new(
            path,
            process,
            ProgramOf(process),
            TextOf(page.Slice(PageLayout.NameAt, PageLayout.NameSize)),
            IntAt(page, PageLayout.StateAt) == PageLayout.Stopped,
            updated,
            TimeAt(page, PageLayout.LastHeapAt),
            NumberAt(page, PageLayout.RingHeapsAt),
            NumberAt(page, PageLayout.RingLimitAt),
            values,
            all);
    }

    private static string ProgramOf(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/comm").TrimEnd();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "?";
        }
    }

    private static string TextOf(ReadOnlySpan<byte> field)
    {
        int end = field.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? field : field[..end]);
    }

    private static uint IntAt(ReadOnlySpan<byte> page, int at) => BinaryPrimitives.ReadUInt32LittleEndian(page[at..]);

    private static ulong LongAt(ReadOnlySpan<byte> page, int at) => BinaryPrimitives.ReadUInt64LittleEndian(page[at..]);

    // What is larger is no counter: so sums of all of them have room.
    private static long NumberAt(ReadOnlySpan<byte> page, int at) => (long)Math.Min(LongAt(page, at), long.MaxValue / PageLayout.MaxStatistics);

    // Null: never. The largest number is in the year 2554.
    private static DateTime? TimeAt(ReadOnlySpan<byte> page, int at)
    {
        ulong ticks = LongAt(page, at) / TimeSpan.NanosecondsPerTick;
        return ticks == 0 ? null : DateTime.UnixEpoch.AddTicks((long)ticks);
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);
}
