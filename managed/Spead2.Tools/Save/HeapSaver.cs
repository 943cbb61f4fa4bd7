// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Globalization;
using Spead2.Formats;
using Spead2.Receive;
using Spead2.Tools.Items;

namespace Spead2.Tools.Save;

/// <summary>
/// Writes heaps into files, one after the other, on the thread that takes them: while the disk is slow heaps wait in the ring, and then
/// the stream pauses, which its statistics tell.
/// </summary>
/// <param name="settings">Where and how.</param>
internal sealed class HeapSaver(SaveSettings settings) : IDisposable
{
    private const string Prefix = "heaps-";

    private readonly Stopwatch _writing = new();
    private HeapWriter? _writer;
    private string _path = "";
    private int _number;
    private long _began;
    private long _endedBytes;

    /// <summary>Why nothing more is saved; null: it is.</summary>
    public string? Failure { get; private set; }

    /// <summary>Heaps that are in the files.</summary>
    public long Saved { get; private set; }

    /// <summary>Heaps with values that are not, because of <see cref="Failure"/>.</summary>
    public long Lost { get; private set; }

    /// <summary>Heaps with gaps, which have no values.</summary>
    public long Incomplete { get; private set; }

    /// <summary>Values that do not fit their descriptors.</summary>
    public long ValuesLeftOut { get; private set; }

    /// <summary>Files, or folders of files, so far.</summary>
    public int Files { get; private set; }

    /// <summary>Bytes of the files so far.</summary>
    public long Bytes => _endedBytes + (_writer?.Length ?? 0);

    /// <summary>Time that writing took.</summary>
    public TimeSpan Writing => _writing.Elapsed;

    /// <summary>Makes the folder, so that it is known that it can be made.</summary>
    /// <exception cref="UserErrorException">It cannot be made.</exception>
    public void Open()
    {
        try
        {
            Directory.CreateDirectory(settings.Folder);

            // Files of an earlier run stay.
            _number = Directory.EnumerateFileSystemEntries(settings.Folder, $"{Prefix}*")
                .Select(path => Path.GetFileNameWithoutExtension(path)[Prefix.Length..])
                .Max(text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : (int?)0) ?? 0;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new UserErrorException($"'{settings.Folder}' cannot be written: {exception.Message}");
        }
    }

    /// <summary>Writes the values of a heap.</summary>
    /// <param name="heap">The heap.</param>
    /// <param name="update">Its values; null: it has gaps.</param>
    /// <param name="group">All items.</param>
    public void Add(Heap heap, ItemUpdate? update, ItemGroup group)
    {
        if (update is null)
        {
            Incomplete++;
            return;
        }

        // What cannot be interpreted has bytes.
        Item[] items = [.. update.Items.Concat(update.Failed.Select(failed => failed.Item).OfType<Item>()
            .Where(item => item.HasRawBytes)).Distinct()];
        if (items.Length == 0)
        {
            return;
        }

        if (Failure is not null || !Try(() => Write(heap.Cnt, items, group)))
        {
            Lost++;
        }
    }

    /// <summary>Ends the files.</summary>
    public void Finish() => End();

    public void Dispose() => _writer?.Dispose();

    private void Write(ulong cnt, Item[] items, ItemGroup group)
    {
        if (_writer is not null && (IsFull || !_writer.Fits(items)))
        {
            End();
        }

        if (Failure is not null)
        {
            throw new IOException(Failure);
        }

        _writer ??= Begin(group);
        _writer.Write(cnt, items);
        Saved++;
    }

    private bool IsFull =>
        _writer!.Length >= settings.RotateSize || Stopwatch.GetElapsedTime(_began) >= settings.RotateTime;

    private HeapWriter Begin(ItemGroup group)
    {
        _path = Path.Combine(
            settings.Folder, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{++_number:0000}{settings.Format.Extension}"));
        _began = Stopwatch.GetTimestamp();
        HeapWriter writer = settings.Format.Open(_path, HeapWriter.DescriptorsOf(group));
        Files++;
        return writer;
    }

    private void End()
    {
        if (_writer is { } writer)
        {
            _endedBytes += writer.Length;
            ValuesLeftOut += writer.ValuesLeftOut;
            _writer = null;
            if (!Try(writer.Dispose))
            {
                // It is not known what has got there.
                Saved -= writer.Heaps;
                Lost += writer.Heaps;
            }
        }
    }

    /// <summary>Does something with files; false if that fails, after which nothing more is saved.</summary>
    private bool Try(Action action)
    {
        _writing.Start();
        try
        {
            action();
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Failure ??= $"'{_path}' cannot be written: {exception.Message}";
            return false;
        }
        finally
        {
            _writing.Stop();
        }
    }
}
