// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Globalization;
using Spead2.Managed;
using Spead2.Tools.Output;
using Spead2.Tools.Record;

namespace Spead2.Tools.CaptureFiles;

/// <summary>`spead2 convert`.</summary>
/// <param name="settings">What is read and written.</param>
/// <param name="terminal">Where it is told of.</param>
internal sealed class Conversion(ConversionSettings settings, Terminal terminal) : IDisposable
{
    private const double NsPerSecond = 1e9;

    private readonly byte[] _length = new byte[sizeof(uint)];
    private readonly CancellationTokenSource _stop = new();
    private readonly Chunk _chunk = new(CaptureFormat.OfOutput(settings.Output));
    private OutputFile? _file;
    private long _read;
    private long _written;
    private long _bytes;

    /// <summary>Converts all datagrams.</summary>
    /// <returns>The process's exit code.</returns>
    /// <exception cref="UserErrorException">Something cannot be read or written.</exception>
    public int Run()
    {
        using Interrupt interrupt = new(_stop.Cancel);
        try
        {
            Write();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new UserErrorException($"'{settings.Output}' cannot be written: {exception.Message}");
        }
        finally
        {
            terminal.EndProgress();
        }

        Report();
        return _stop.IsCancellationRequested ? ExitCode.Failure : ExitCode.Success;
    }

    public void Dispose()
    {
        _chunk.Dispose();
        _file?.Dispose();
        _stop.Dispose();
    }

    private void Write()
    {
        if (settings.To == DatagramFormat.Capture)
        {
            _chunk.WriteStart();
        }

        try
        {
            Read();
        }
        catch (UserErrorException) when (_written > 0)
        {
            End();
            terminal.Say(string.Create(
                CultureInfo.InvariantCulture, $"warning: '{settings.Output}' has only the first {_written} datagrams."));
            throw;
        }

        End();
    }

    private void Read()
    {
        if (settings.From == DatagramFormat.Capture)
        {
            ReadCapture();
            return;
        }

        IEnumerable<ReadOnlyMemory<byte>> datagrams = settings.From == DatagramFormat.Datagrams
            ? DatagramFile.OfDatagrams(settings.Input.Path)
            : DatagramFile.OfPackets(settings.Input.Path);
        foreach (ReadOnlyMemory<byte> datagram in datagrams)
        {
            if (_stop.IsCancellationRequested)
            {
                break;
            }

            long timeNs = settings.BytesPerSecond == 0 ? 0 : (long)(_bytes / settings.BytesPerSecond * NsPerSecond);
            Write(new(settings.Source, settings.Destination, timeNs), datagram.Span);
        }
    }

    private void ReadCapture()
    {
        using CaptureWalk walk = new(settings.Input, _stop.Token);
        Func<string> progress = () => walk.Progress;
        while (walk.Next())
        {
            Write(new(walk.Source, walk.Destination, walk.TimeNs ?? 0), walk.Payload.Span);
            terminal.ShowProgress(progress);
        }

        if (walk.Problem is { } problem)
        {
            terminal.Say($"warning: '{settings.Input.Path}' {problem}.");
        }
    }

    private void Write(in Datagram datagram, ReadOnlySpan<byte> bytes)
    {
        _read++;
        _bytes += bytes.Length;
        switch (settings.To)
        {
            case DatagramFormat.Capture:
                if (!_chunk.TryAdd(datagram, bytes, null))
                {
                    Flush();
                    _chunk.TryAdd(datagram, bytes, null);
                }

                break;
            case DatagramFormat.Datagrams:
                BinaryPrimitives.WriteUInt32LittleEndian(_length, (uint)bytes.Length);
                Append(_length, bytes);
                break;
            case DatagramFormat.Packets when !IsPacket(bytes):
                return;
            case DatagramFormat.Packets:
                Append([], bytes);
                break;
        }

        _written++;
    }

    // Where packets are back to back, nothing else can be between them.
    private static bool IsPacket(ReadOnlySpan<byte> bytes) =>
        PacketDecoder.Decode(bytes, out Packet packet) == PacketFault.None && packet.Bytes.Length == bytes.Length;

    private void Append(ReadOnlySpan<byte> front, ReadOnlySpan<byte> bytes)
    {
        if (!_chunk.TryAppend(front, bytes))
        {
            Flush();
            _chunk.TryAppend(front, bytes);
        }
    }

    // A file is made when there is something to write: none is left where nothing can be read.
    private void Flush()
    {
        _file ??= OutputFile.Create(settings.Output, aligned: false);
        _file.Write(_chunk.Bytes);
        _chunk.Clear();
    }

    private void End()
    {
        Flush();
        _file!.Close();
    }

    private void Report()
    {
        if (settings.Json)
        {
            using JsonLines lines = new(terminal.Output);
            lines.Json.WriteStartObject();
            lines.Json.WriteNumber("datagrams", _read);
            lines.Json.WriteNumber("written", _written);
            lines.Json.WriteNumber("file_bytes", _file!.Length);
            lines.Json.WriteEndObject();
            lines.EndLine();
            lines.Flush();
        }
        else
        {
            terminal.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"Wrote {_written} datagrams of {_read}, {Readable.Bytes(_file!.Length)}."));
        }

        if (_stop.IsCancellationRequested)
        {
            terminal.Say($"warning: '{settings.Output}' has only what was read until the interrupt.");
        }

        if (_written != _read)
        {
            terminal.Say(string.Create(
                CultureInfo.InvariantCulture, $"warning: {_read - _written} datagrams are not exactly a packet, and were left out."));
        }
    }
}
