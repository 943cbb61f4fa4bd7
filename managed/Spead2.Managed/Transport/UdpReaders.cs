// SPDX-License-Identifier: MIT

using System.Net;
using System.Net.Sockets;
using Spead2.Managed.Linux;
using Spead2.Receive;

namespace Spead2.Managed;

/// <summary>Makes UDP readers of the kind that the threads of a stream can wait for.</summary>
internal static class UdpReaders
{
    /// <summary>Adds a reader with valid options; gives what it is bound to.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="options">Valid options.</param>
    /// <param name="names">What messages call the options.</param>
    /// <param name="added">The reader.</param>
    /// <exception cref="Spead2Exception">For example the port is in use or the host name is unknown.</exception>
    public static IPEndPoint Add(
        StreamCore stream, UdpSourceOptions options, UdpFieldNames names, out Reader added)
    {
        Socket socket = UdpSocket.Open(options, names, stream.Log);
        IPEndPoint endPoint = (IPEndPoint)socket.LocalEndPoint!;
        IoThread thread = stream.Threads.Assign();
        UdpSource source;
        try
        {
            source = thread.Loop is EpollLoop loop
                ? new LinuxUdpSource(loop, socket, options.MaxSize)
                : new SocketUdpSource(thread.Loop, socket, options.MaxSize);
        }
        catch
        {
            thread.Unassign();
            throw;
        }

        UdpReader reader = new(stream, thread, source, options.MaxSize);
        try
        {
            reader.Watch();
        }
        catch
        {
            reader.Close();
            reader.Release();
            throw;
        }

        stream.Add(reader);
        added = reader;
        return endPoint;
    }
}
