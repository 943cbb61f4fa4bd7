// SPDX-License-Identifier: MIT

using System.Net.Sockets;
using System.Text;

namespace Spead2.Tools.Bench;

/// <summary>Lines of text over a TCP connection, each ended by LF.</summary>
internal sealed class LineConnection(Socket socket) : IDisposable
{
    /// <summary>Longest line that is taken; the longest that a tool writes has a tenth of it.</summary>
    private const int LongestLine = 65536;

    private readonly byte[] _buffer = new byte[LongestLine];
    private int _start;
    private int _end;

    /// <summary>Reads a line without its end; null: the connection has ended.</summary>
    /// <exception cref="FormatException">The line is too long.</exception>
    /// <exception cref="SocketException">The connection broke.</exception>
    public async ValueTask<string?> ReadLineAsync(CancellationToken cancellation)
    {
        for (int searched = 0; ;)
        {
            int found = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOf((byte)'\n');
            if (found >= 0)
            {
                int length = searched + found;
                string line = Encoding.UTF8.GetString(_buffer, _start, length).TrimEnd('\r');
                _start += length + 1;
                return line;
            }

            searched = _end - _start;
            if (searched == _buffer.Length)
            {
                throw new FormatException($"A line has more than {LongestLine} bytes");
            }

            _buffer.AsSpan(_start, searched).CopyTo(_buffer);
            (_start, _end) = (0, searched);
            int count = await socket.ReceiveAsync(_buffer.AsMemory(_end), cancellation);
            if (count == 0)
            {
                return null;
            }

            _end += count;
        }
    }

    /// <summary>Writes lines.</summary>
    /// <exception cref="SocketException">The connection broke.</exception>
    public async ValueTask WriteAsync(IEnumerable<string> lines, CancellationToken cancellation)
    {
        ReadOnlyMemory<byte> rest = Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + '\n')));
        while (!rest.IsEmpty)
        {
            rest = rest[await socket.SendAsync(rest, cancellation)..];
        }
    }

    public void Dispose() => socket.Dispose();
}
