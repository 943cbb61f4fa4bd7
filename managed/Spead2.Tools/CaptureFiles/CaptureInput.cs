// SPDX-License-Identifier: MIT

using System.Diagnostics;
using Spead2.Tools.Output;

namespace Spead2.Tools.CaptureFiles;

/// <summary>
/// The bytes of a capture: a file, a pipe, or what gzip, xz or zstd make of a compressed file. Larger than memory, too.
/// </summary>
internal sealed class CaptureInput : IDisposable
{
    /// <summary>The name that means standard input.</summary>
    public const string StandardInput = "-";

    private const int SkipSize = 1 << 16;

    // As much as a pipe of Linux has at a time.
    private const int PipeSize = 1 << 16;

    private static readonly (byte[] Magic, string Program)[] Compressions =
    [
        ([0x1f, 0x8b], "gzip"),
        ([0x28, 0xb5, 0x2f, 0xfd], "zstd"),
        ([0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0], "xz"),
    ];

    private readonly Stream _file;
    private readonly Process? _program;
    private readonly Stream _bytes;
    private readonly long _size;
    private readonly CancellationToken _stop;
    private byte[]? _skipped;

    /// <summary>Opens a file.</summary>
    /// <param name="path">Its name, or <see cref="StandardInput"/>.</param>
    /// <param name="stop">Ends the bytes early, also while a pipe has none.</param>
    /// <exception cref="UserErrorException">It cannot be opened.</exception>
    public CaptureInput(string path, CancellationToken stop)
    {
        _stop = stop;
        try
        {
            _file = path == StandardInput
                ? Console.OpenStandardInput()
                : new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            _program = _file.CanSeek ? StartProgram(path) : null;
            _size = _file.CanSeek ? _file.Length : 0;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            _file?.Dispose();
            throw new UserErrorException($"'{path}' cannot be opened: {exception.Message}");
        }

        _bytes = _program?.StandardOutput.BaseStream ?? _file;
    }

    /// <summary>Bytes that were read or skipped, not compressed.</summary>
    public long Position { get; private set; }

    /// <summary>How far it is, for people.</summary>
    public string Progress => _program is null && _size > 0
        ? FormattableString.Invariant($"{Readable.Bytes(Position)} of {Readable.Bytes(_size)}, {100.0 * Position / _size:0} %")
        : Readable.Bytes(Position);

    /// <summary>Reads bytes; 0 at the end, or when it is to stop.</summary>
    /// <exception cref="IOException">They cannot be read.</exception>
    public int Read(Span<byte> bytes)
    {
        int count = _file.CanSeek ? _bytes.Read(bytes) : ReadPipe(bytes);
        Position += count;
        return count;
    }

    /// <summary>Moves on without reading; beyond the end, nothing is read any more.</summary>
    /// <exception cref="IOException">Bytes cannot be read.</exception>
    public void Skip(long count)
    {
        if (_program is null && _file.CanSeek)
        {
            _file.Position += count;
            Position += count;
            return;
        }

        _skipped ??= new byte[SkipSize];
        while (count > 0 && Read(_skipped.AsSpan(0, (int)Math.Min(count, SkipSize))) is > 0 and { } read)
        {
            count -= read;
        }
    }

    /// <summary>Why the end is not that of the capture: what the program says that decompresses it; null: nothing.</summary>
    public string? ProblemAtEnd()
    {
        if (_program is null)
        {
            return null;
        }

        string error = _program.StandardError.ReadToEnd().Trim();
        _program.WaitForExit();
        return _program.ExitCode == 0 ? null : $"cannot be decompressed to its end: {error}";
    }

    public void Dispose()
    {
        if (_program is not null)
        {
            // It ends by itself when nobody reads.
            _program.StandardOutput.Dispose();
            _program.StandardError.Dispose();
            _program.Dispose();
        }

        _file.Dispose();
    }

    // Nothing can end the read of a pipe whose writer is silent: it is left to itself.
    private int ReadPipe(Span<byte> bytes)
    {
        byte[] read = new byte[Math.Min(bytes.Length, PipeSize)];
        try
        {
            int count = Task.Run(() => _bytes.Read(read), _stop).WaitAsync(_stop).GetAwaiter().GetResult();
            read.AsSpan(0, count).CopyTo(bytes);
            return count;
        }
        catch (OperationCanceledException)
        {
            return 0;
        }
    }

    /// <summary>Starts what decompresses the file; null if it is not compressed.</summary>
    private Process? StartProgram(string path)
    {
        Span<byte> start = stackalloc byte[6];
        int length = _file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        _file.Position = 0;
        foreach ((byte[] magic, string program) in Compressions)
        {
            if (start[..length].StartsWith(magic))
            {
                return Compression.StartDecompression(program, path);
            }
        }

        return null;
    }
}
