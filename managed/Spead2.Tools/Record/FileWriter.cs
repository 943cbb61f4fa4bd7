// SPDX-License-Identifier: MIT

using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;

namespace Spead2.Tools.Record;

/// <summary>Writes chunks on a thread of its own, in order, and returns them to the store.</summary>
internal sealed class FileWriter : IDisposable
{
    private readonly RecordSettings _settings;
    private readonly ChunkStore _store;
    private readonly Action<string> _ended;
    private readonly BlockingCollection<Chunk> _chunks = [];
    private readonly ArrayBufferWriter<byte> _lines = new();
    private readonly Thread _thread;
    private OutputFile? _file;
    private OutputFile? _index;
    private string _path;
    private int _files;
    private long _bytes;
    private long _written;
    private long _lost;
    private volatile string? _failure;

    /// <summary>Starts the thread.</summary>
    /// <param name="settings">What is written, and where.</param>
    /// <param name="store">Where chunks go that have been written.</param>
    /// <param name="ended">Called with the name of each file that has been written, on the thread.</param>
    /// <exception cref="IOException">The first file cannot be made.</exception>
    public FileWriter(RecordSettings settings, ChunkStore store, Action<string> ended)
    {
        _settings = settings;
        _store = store;
        _ended = ended;
        _path = settings.Path;
        _thread = new(Run) { Name = "spead2 writer" };
    }

    /// <summary>Why writing has failed, so that nothing more is written; null: it has not.</summary>
    public string? Failure => _failure;

    /// <summary>Files so far.</summary>
    public int Files => Volatile.Read(ref _files);

    /// <summary>Bytes of captures so far, before they are compressed.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Datagrams so far.</summary>
    public long Written => Volatile.Read(ref _written);

    /// <summary>Datagrams that were not written because that failed.</summary>
    public long Lost => Volatile.Read(ref _lost);

    /// <summary>Makes the first file, so that it is known that it can be made, and starts.</summary>
    /// <param name="makeFile">Whether there is a file even if nothing comes.</param>
    /// <exception cref="UserErrorException">It cannot be made.</exception>
    public void Start(bool makeFile)
    {
        try
        {
            if (makeFile)
            {
                BeginFile();
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            Dispose();
            throw new UserErrorException($"'{_path}' cannot be written: {exception.Message}");
        }

        _thread.Start();
    }

    /// <summary>Writes a chunk when its turn comes.</summary>
    public void Add(Chunk chunk) => _chunks.Add(chunk);

    /// <summary>Writes what there is, and ends the file.</summary>
    public void Finish()
    {
        _chunks.CompleteAdding();
        _thread.Join();
    }

    public void Dispose()
    {
        _file?.Dispose();
        _index?.Dispose();
        _chunks.Dispose();
    }

    private void Run()
    {
        foreach (Chunk chunk in _chunks.GetConsumingEnumerable())
        {
            if (_failure is not null || !Try(() => Write(chunk)))
            {
                Volatile.Write(ref _lost, _lost + chunk.Datagrams);
            }

            _store.Return(chunk);
        }

        if (_failure is null)
        {
            Try(EndFile);
        }
    }

    /// <summary>Does something with files; false, and nothing more, if that fails.</summary>
    private bool Try(Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _failure = $"'{_path}' cannot be written: {exception.Message}";
            return false;
        }
    }

    private void Write(Chunk chunk)
    {
        if (_file is null || chunk.BeginsFile)
        {
            EndFile();
            BeginFile();
        }

        long start = _file!.Length;
        _file.Write(chunk.Bytes);
        Volatile.Write(ref _bytes, _bytes + chunk.Length);
        Volatile.Write(ref _written, _written + chunk.Datagrams);
        WriteIndex(chunk.Heaps, start);
        if (chunk.EndsFile)
        {
            EndFile();
        }
    }

    private void WriteIndex(IReadOnlyList<HeapPlace> heaps, long start)
    {
        foreach (HeapPlace heap in heaps)
        {
            Span<byte> room = _lines.GetSpan(IndexFile.MostBytes);
            _lines.Advance(IndexFile.WriteLine(heap with { Offset = start + heap.Offset }, room));
        }

        _index?.Write(_lines.WrittenSpan);
        _lines.ResetWrittenCount();
    }

    private void BeginFile()
    {
        _path = _settings.HasSeveralFiles ? NumberedPath(_settings.Path, _files + 1) : _settings.Path;
        _file = OutputFile.Create(_path, _settings.Format.IsAligned);
        if (_settings.Index)
        {
            _index = OutputFile.Create(_path + IndexFile.Extension, aligned: false);
            _index.Write(IndexFile.FirstLine);
        }

        using Chunk start = new(_settings.Format);
        start.WriteStart();
        _file.Write(start.Bytes);
        Volatile.Write(ref _bytes, _bytes + start.Length);
        Volatile.Write(ref _files, _files + 1);
    }

    private void EndFile()
    {
        if (_file is null)
        {
            return;
        }

        _index?.Dispose();
        _index = null;
        _file.Close();
        _file.Dispose();
        _file = null;
        _ended(_path);
    }

    /// <summary>The name of one of several files: night.pcapng becomes night-0001.pcapng.</summary>
    private static string NumberedPath(string path, int number)
    {
        string folder = Path.GetDirectoryName(path) ?? "";
        string name = Path.GetFileName(path);
        int dot = name.IndexOf('.', StringComparison.Ordinal);
        dot = dot <= 0 ? name.Length : dot;
        return Path.Combine(
            folder, string.Create(CultureInfo.InvariantCulture, $"{name[..dot]}-{number:0000}{name[dot..]}"));
    }
}
