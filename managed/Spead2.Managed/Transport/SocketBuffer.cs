// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Spead2.Managed.Linux;

namespace Spead2.Managed;

/// <summary>Receive buffers of sockets.</summary>
internal static class SocketBuffer
{
    /// <summary>What is asked for if nobody says otherwise.</summary>
    private const long DefaultSize = 64 << 20;

    /// <summary>A smaller buffer than this overflows when a receiver stalls for a millisecond or two.</summary>
    private const long SmallestGood = 8 << 20;

    // The kernel doubles the number, so that larger ones would overflow.
    private const long Largest = int.MaxValue / 2;

    /// <summary>Sets a socket's buffer; says if it is smaller than it should be.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="wanted">Bytes to ask for; null for the default, 0 for what the system gives.</param>
    /// <param name="log">Receives a warning.</param>
    public static void Set(Socket socket, long? wanted, EngineLog log)
    {
        if (wanted == 0)
        {
            return;
        }

        long size = wanted ?? DefaultSize;
        int asked = (int)Math.Min(size, Largest);
        string? error = TrySet(socket, asked);
        if (error is null && Granted(socket) < size && OperatingSystem.IsLinux())
        {
            Force(socket, asked);
        }

        long granted = Granted(socket);
        if (error is not null)
        {
            log.Write(
                MessageKind.Socket,
                LogLevel.Warning,
                (size, error, granted),
                static x => Text($"cannot set a socket buffer of {x.size} bytes ({x.error}); it has {x.granted}"));
        }
        else if (granted < (wanted ?? SmallestGood))
        {
            log.Write(
                MessageKind.Socket,
                LogLevel.Warning,
                (size, granted),
                static x => Text(
                    $"asked for a socket buffer of {x.size} bytes, but the system granted {x.granted}: packets may be lost in bursts{Remedy(x.size, x.granted)}"));
        }
    }

    private static string? TrySet(Socket socket, int size)
    {
        try
        {
            socket.ReceiveBufferSize = size;
            return null;
        }
        catch (SocketException exception)
        {
            return exception.Message;
        }
    }

    /// <summary>Allowed to administrators only; others keep what they were granted.</summary>
    private static void Force(Socket socket, int size)
    {
        try
        {
            socket.SetRawSocketOption(Libc.SOL_SOCKET, Libc.SO_RCVBUFFORCE, BitConverter.GetBytes(size));
        }
        catch (SocketException)
        {
            // The warning that follows says what to do.
        }
    }

    /// <summary>
    /// Bytes of payload that fit the buffer: Linux reports twice of what was set, and keeps the other half for its own
    /// records.
    /// </summary>
    private static long Granted(Socket socket) =>
        OperatingSystem.IsLinux() ? socket.ReceiveBufferSize / 2 : socket.ReceiveBufferSize;

    private static string Remedy(long size, long granted)
    {
        if (!OperatingSystem.IsLinux())
        {
            return string.Empty;
        }

        (string limit, string it) = size > Largest ? (Text($"; Linux grants {Largest} at most"), "that") : (string.Empty, "it");
        long possible = Math.Min(size, Largest);
        return granted >= possible
            ? limit
            : Text(
                $"{limit}; to allow {it}, run `sysctl -w net.core.rmem_max={possible}`{(IsInContainer() ? " on the host" : string.Empty)}");
    }

    private static bool IsInContainer() => File.Exists("/.dockerenv") || File.Exists("/run/.containerenv") ||
        Environment.GetEnvironmentVariable("container") is not null;

    private static string Text(DefaultInterpolatedStringHandler text) =>
        string.Create(CultureInfo.InvariantCulture, ref text);
}
