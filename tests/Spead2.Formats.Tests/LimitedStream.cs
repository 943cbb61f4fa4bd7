// SPDX-License-Identifier: MIT

namespace Spead2.Formats.Tests;

/// <summary>A file on a disk that becomes full.</summary>
internal sealed class LimitedStream : MemoryStream
{
    public long Room { get; set; } = long.MaxValue;

    public bool IsSeekable { get; init; } = true;

    public override bool CanSeek => IsSeekable;

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        int fits = (int)Math.Min(buffer.Length, Math.Max(0, Room - Length));
        base.Write(buffer[..fits].ToArray(), 0, fits);
        if (fits < buffer.Length)
        {
            throw new IOException("No space left on device");
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));
}
