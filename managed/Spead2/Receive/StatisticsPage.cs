// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.Versioning;
using System.Text;
using Spead2.Receive.Pages;

namespace Spead2.Receive;

/// <summary>
/// A receive stream's statistics in memory that other processes of the user can read, <c>spead2 top</c> for example
/// (docs/statistics-page.md): a file in <c>XDG_RUNTIME_DIR</c>, or else in <c>/dev/shm</c>, that is written ten times a second.
/// </summary>
/// <remarks>
/// <para>Packets and heaps cost nothing more: the stream is read as <see cref="IReceiveStream.Statistics"/> reads it.</para>
/// <para>
/// Ownership: keep the page, and dispose it when it is to go. It does not keep its stream; when that has been disposed, the page
/// says that the stream has stopped; when it has been forgotten, the page goes. The pages of processes that have ended are removed by
/// those that publish or look.
/// </para>
/// <para>Threads: any.</para>
/// </remarks>
public sealed class StatisticsPage : IDisposable
{
    // What a person sees at once, and nothing that a processor would notice.
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    // Numbers that are tried.
    private const int MostNumbers = 1000;

    private static long _count;

    private readonly Lock _gate = new();
    private readonly byte[] _page = new byte[PageLayout.Size];
    private readonly WeakReference<IPublishedStream> _stream;
    private readonly FileStream _file;
    private readonly Timer? _timer;
    private ulong _sequence;
    private long _heaps;
    private bool _isDisposed;

    [SupportedOSPlatform("linux")]
    private StatisticsPage(IPublishedStream stream)
    {
        _stream = new(stream);
        _file = Create();
        Path = _file.Name;
        try
        {
            WriteHead(stream.Name);
            Update();
        }
        catch
        {
            Dispose();
            throw;
        }

        _timer = new(static page => ((StatisticsPage)page!).OnTime(), this, Interval, Interval);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Publishes a stream's statistics, under its <see cref="ReceiveStreamOptions.Name"/>.</summary>
    /// <param name="stream">A stream of this library.</param>
    /// <returns>The page. It shows the sources that are added from now on, eight at most.</returns>
    /// <exception cref="ArgumentException">The stream is not of this library.</exception>
    /// <exception cref="IOException">The file cannot be made: for example the memory is full.</exception>
    /// <exception cref="UnauthorizedAccessException">The user may not write to the folder.</exception>
    [SupportedOSPlatform("linux")]
    public static StatisticsPage Publish(IReceiveStream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (stream is not ReceiveStreamBase known)
        {
            throw new ArgumentException("The stream must be one of this library's.", nameof(stream));
        }

        known.KeepSources();
        return Open(known);
    }

    /// <inheritdoc cref="Publish(IReceiveStream)"/>
    [SupportedOSPlatform("linux")]
    internal static StatisticsPage Open(IPublishedStream stream)
    {
        PageFolder.RemoveStale(PageFolder.Own);
        return new(stream);
    }

    /// <summary>Removes the page. The second time it does nothing.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
            _timer?.Dispose();
            _file.Dispose();
        }

        try
        {
            File.Delete(Path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The folder has gone, for example because the user's session has ended. No reader takes what is left for a stream that
            // receives once the process is gone.
        }
    }

    /// <summary>Writes the statistics of now.</summary>
    internal void Update()
    {
        lock (_gate)
        {
            if (_isDisposed)
            {
                return;
            }

            WriteBody();

            // A reader that sees an odd number, or another one after it has read, reads again.
            WriteSequence();
            RandomAccess.Write(_file.SafeFileHandle, _page.AsSpan(PageLayout.BodyAt), PageLayout.BodyAt);
            WriteSequence();
        }
    }

    /// <summary>A new file; another library in the process may have taken some numbers.</summary>
    [SupportedOSPlatform("linux")]
    private static FileStream Create()
    {
        for (int i = 0; ; i++)
        {
            string path = PageFolder.PathOf(Interlocked.Increment(ref _count));
            try
            {
                return new(path, new FileStreamOptions
                {
                    Mode = FileMode.CreateNew,
                    Access = FileAccess.Write,
                    Share = FileShare.ReadWrite | FileShare.Delete,
                    UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                    BufferSize = 0,
                });
            }
            catch (IOException) when (i < MostNumbers && System.IO.Path.Exists(path))
            {
                // The next one.
            }
        }
    }

    private void OnTime()
    {
        try
        {
            if (_stream.TryGetTarget(out _))
            {
                Update();
                return;
            }
        }
        catch (Exception exception) when (exception is IOException or ArgumentException or UnauthorizedAccessException)
        {
            // Nobody could tell from such a page how the stream is. Where the process may not write so much it is an argument's fault.
        }

        Dispose();
    }

    private static void WriteText(Span<byte> field, string text)
    {
        field.Clear();

        // The last byte stays 0. What is cut off is no harm to a name.
        Encoding.UTF8.GetEncoder().Convert(text, field[..^1], flush: true, out _, out _, out _);
    }

    private void WriteHead(string name)
    {
        SetLong(PageLayout.MagicAt, PageLayout.Magic);
        SetInt(PageLayout.VersionAt, PageLayout.Version);
        SetInt(PageLayout.SizeAt, PageLayout.Size);
        SetInt(PageLayout.ProcessAt, (uint)Environment.ProcessId);
        SetLong(PageLayout.ProcessStartAt, PageFolder.StartOf(Environment.ProcessId) ?? 0);
        SetLong(PageLayout.CreatedAt, Now());
        WriteText(_page.AsSpan(PageLayout.NameAt, PageLayout.NameSize), name);
        RandomAccess.Write(_file.SafeFileHandle, _page, 0);
    }

    private void WriteBody()
    {
        SetLong(PageLayout.UpdatedAt, Now());
        if (!_stream.TryGetTarget(out IPublishedStream? stream) || stream.ReadForPage() is not { } reading)
        {
            SetInt(PageLayout.StateAt, PageLayout.Stopped);
            SetLong(PageLayout.RingHeapsAt, 0);
            return;
        }

        SetInt(PageLayout.StateAt, stream.HasEnded ? PageLayout.Stopped : PageLayout.Open);
        SetLong(PageLayout.RingHeapsAt, (ulong)reading.RingHeaps);
        SetLong(PageLayout.RingLimitAt, (ulong)reading.RingLimit);
        if (reading.Statistics.Heaps != _heaps)
        {
            _heaps = reading.Statistics.Heaps;
            SetLong(PageLayout.LastHeapAt, Now());
        }

        int count = 0;
        foreach ((string name, long value) in reading.Statistics.Take(PageLayout.MaxStatistics))
        {
            int at = PageLayout.StatisticsAt + (count++ * PageLayout.StatisticSize);
            WriteText(_page.AsSpan(at, PageLayout.StatisticNameSize), name);
            SetLong(at + PageLayout.StatisticNameSize, (ulong)value);
        }

        SetInt(PageLayout.StatisticCountAt, (uint)count);
        WriteSources(stream);
    }

    private void WriteSources(IPublishedStream stream)
    {
        int count = 0;
        foreach (PacketSource source in stream.Sources.Take(PageLayout.MaxSources))
        {
            int at = PageLayout.SourcesAt + (count++ * PageLayout.SourceSize);
            PacketSourceStatistics statistics = source.Statistics;
            string name = source.LocalEndPoint is { } endPoint
                ? string.Create(CultureInfo.InvariantCulture, $"{source.Kind} {endPoint}")
                : source.Kind.ToString();
            WriteText(_page.AsSpan(at, PageLayout.SourceNameSize), name);
            SetLong(at + PageLayout.SourcePacketsAt, (ulong)statistics.Packets);
            SetLong(at + PageLayout.SourceBytesAt, (ulong)statistics.Bytes);
            SetLong(at + PageLayout.SourceDropsAt, (ulong)statistics.KernelDropMessages);
            SetLong(at + PageLayout.SourceStateAt, (ulong)source.State);
        }

        SetInt(PageLayout.SourceCountAt, (uint)count);
    }

    private void WriteSequence()
    {
        Span<byte> sequence = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(sequence, ++_sequence);
        RandomAccess.Write(_file.SafeFileHandle, sequence, PageLayout.SequenceAt);
    }

    private static ulong Now() => (ulong)(DateTime.UtcNow - DateTime.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;

    private void SetInt(int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(_page.AsSpan(at), value);

    private void SetLong(int at, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(_page.AsSpan(at), value);
}
