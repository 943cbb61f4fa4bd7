// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace Spead2.Managed.Linux;

/// <summary>
/// Packets as UDP datagrams, by sendmmsg; packets of one size to one destination are one message where the kernel cuts
/// it (UDP_SEGMENT).
/// </summary>
internal sealed unsafe class LinuxDatagramSender : PacketWriter
{
    // Most segments of one message that kernels of every age take, and most pieces (UIO_MAXIOV).
    private const int MostSegments = 64;
    private const int MostMessagePieces = 1024;

    // As many as packets in a batch.
    private const int MostMessages = Batch.Size;

    // How long packets go one by one after a message of segments was refused: then it is tried again, as routes and
    // devices change.
    private const long SegmentationPause = 1000 * Clock.NanosecondsPerMillisecond;

    // struct sockaddr_in6, the longer of the two.
    private const int NameSize = 28;

    // A control message: its length, level, type, and here a number of 16 bits; aligned.
    private const int ControlLength = 18;
    private const int ControlSize = 24;

    // Headers of IP and UDP.
    private const int HeadersV4 = 28;
    private const int HeadersV6 = 48;

    private readonly EpollLoop _loop;
    private readonly Socket _socket;
    private readonly EngineLog _log;
    private readonly int _fd;
    private readonly int _destinations;
    private readonly uint _nameLength;
    private readonly bool _segmentation;
    private readonly byte* _names;
    private readonly byte* _controls;
    private readonly MessageBatch.Message* _messages;
    private readonly int[] _packetsOf = new int[MostMessages];

    // Keeps the socket from being finalized, and so closed, before the stream is.
    private GCHandle _root;
    private long _segmentationAfter;
    private bool _fragmentsTold;
    private long _key;
    private bool _armed;

    /// <summary>Takes a socket over, but not if it throws.</summary>
    /// <exception cref="OutOfMemoryException">There is not enough memory.</exception>
    public LinuxDatagramSender(
        EpollLoop loop, Socket socket, IReadOnlyList<IPEndPoint> destinations, bool segmentation, EngineLog log)
    {
        _loop = loop;
        _socket = socket;
        _log = log;
        _fd = (int)socket.Handle;
        _destinations = destinations.Count;
        try
        {
            _names = (byte*)NativeMemory.AllocZeroed((nuint)destinations.Count, NameSize);
            _controls = (byte*)NativeMemory.AllocZeroed(MostMessages, ControlSize);
            _messages = (MessageBatch.Message*)NativeMemory.AllocZeroed(
                MostMessages, (nuint)sizeof(MessageBatch.Message));
        }
        catch
        {
            FreeMemory();
            throw;
        }

        for (int i = 0; i < destinations.Count; i++)
        {
            SocketAddress address = destinations[i].Serialize();
            address.Buffer.Span[..address.Size].CopyTo(new Span<byte>(_names + ((nint)i * NameSize), NameSize));
            _nameLength = (uint)address.Size;
        }

        // The size is said with each message.
        int size;
        uint length = sizeof(int);
        _segmentation = segmentation
            && Libc.getsockopt(_fd, Libc.IPPROTO_UDP, Libc.UDP_SEGMENT, &size, &length) == 0;
        _root = GCHandle.Alloc(socket);
        OpenDescriptors.Add(_fd);
    }

    public override int Destinations => _destinations;

    public override int MaxPacketSize => UdpWriter.LargestPacket;

    private bool IsV6 => _nameLength == NameSize;

    public override int Write(Span<PacketOut> packets)
    {
        Disarm();
        int done = 0;
        bool segments = MaySegment();
        while (done < packets.Length)
        {
            int messages = 0;
            for (int next = done; next < packets.Length && messages < MostMessages; messages++)
            {
                next += MakeMessage(messages, packets[next..], segments);
            }

            int sent = Send(messages, out int error);
            for (int i = 0; i < sent; i++)
            {
                done += _packetsOf[i];
            }

            if (sent != 0)
            {
                continue; // what stopped it comes again with the next call
            }

            if (error == Libc.EAGAIN)
            {
                break;
            }

            if (_packetsOf[0] > 1)
            {
                PauseSegmentation(packets[done], error);
                segments = false;
                continue;
            }

            packets[done++].Error = error;
        }

        return done;
    }

    public override int Arm(LoopTask task)
    {
        int error = _loop.Watch(_fd, Interest.Writable, task, out _key);
        _armed = error == 0;
        return error;
    }

    public override void Disarm()
    {
        if (_armed)
        {
            _armed = false;
            _loop.Unwatch(_fd, _key);
        }
    }

    public override void Dispose()
    {
        Disarm();
        OpenDescriptors.Remove(_fd);
        _socket.Dispose();
        _root.Free();
        FreeMemory();
    }

    /// <summary>
    /// How many of the packets go into one message: of one destination and size, but for a shorter one at the end.
    /// </summary>
    private static int MessagePackets(ReadOnlySpan<PacketOut> packets, out int pieces)
    {
        int segment = packets[0].Length;
        int bytes = segment;
        int taken = 1;
        pieces = packets[0].PieceCount;
        while (taken < packets.Length && taken < MostSegments)
        {
            ref readonly PacketOut next = ref packets[taken];
            if (next.Destination != packets[0].Destination || next.Length > segment
                || bytes + next.Length > UdpWriter.LargestPacket || pieces + next.PieceCount > MostMessagePieces)
            {
                break;
            }

            bytes += next.Length;
            pieces += next.PieceCount;
            taken++;
            if (next.Length < segment)
            {
                break;
            }
        }

        return taken;
    }

    private void FreeMemory()
    {
        NativeMemory.Free(_names);
        NativeMemory.Free(_controls);
        NativeMemory.Free(_messages);
    }

    /// <summary>Makes a message of the packets at the start; gives how many it has.</summary>
    private int MakeMessage(int index, ReadOnlySpan<PacketOut> packets, bool segments)
    {
        int pieces = packets[0].PieceCount;
        int taken = segments ? MessagePackets(packets, out pieces) : 1;

        // Pieces are the kernel's vectors: an address and a length.
        ref MessageBatch.Message message = ref _messages[index];
        message = default;
        message.Name = _names + ((nint)packets[0].Destination * NameSize);
        message.NameLength = _nameLength;
        message.Vectors = (MessageBatch.IoVec*)packets[0].Pieces;
        message.VectorCount = (nuint)pieces;
        if (taken > 1)
        {
            byte* control = _controls + (index * ControlSize);
            *(nuint*)control = ControlLength;
            *(int*)(control + sizeof(nuint)) = Libc.IPPROTO_UDP;
            *(int*)(control + sizeof(nuint) + sizeof(int)) = Libc.UDP_SEGMENT;
            *(ushort*)(control + sizeof(nuint) + sizeof(int) + sizeof(int)) = (ushort)packets[0].Length;
            message.Control = control;
            message.ControlLength = ControlSize;
        }

        _packetsOf[index] = taken;
        return taken;
    }

    /// <summary>As many messages as the kernel takes; 0 and the error if it does not take the first.</summary>
    private int Send(int messages, out int error)
    {
        int sent;
        do
        {
            sent = Libc.sendmmsg(_fd, _messages, (uint)messages, Libc.MSG_DONTWAIT | Libc.MSG_NOSIGNAL);
            error = sent < 0 ? Marshal.GetLastPInvokeError() : 0;
        }
        while (error == Libc.EINTR);
        return Math.Max(0, sent);
    }

    private bool MaySegment()
    {
        if (!_segmentation || _segmentationAfter == 0)
        {
            return _segmentation;
        }

        if (Clock.Now < _segmentationAfter)
        {
            return false;
        }

        _segmentationAfter = 0;
        return true;
    }

    /// <summary>A message of segments was refused: packets go one by one for a while.</summary>
    private void PauseSegmentation(in PacketOut packet, int error)
    {
        _segmentationAfter = Clock.Now + SegmentationPause;
        if (_fragmentsTold)
        {
            return;
        }

        _fragmentsTold = true;
        int mtu = error == Libc.EMSGSIZE ? PathMtu(packet.Destination) : 0;
        if (mtu != 0)
        {
            _log.Write(
                MessageKind.Socket,
                LogLevel.Warning,
                (packet.Length, Mtu: mtu, Largest: mtu - (IsV6 ? HeadersV6 : HeadersV4)),
                static x => string.Create(
                    CultureInfo.InvariantCulture,
                    $"packets of {x.Length} bytes are fragmented by the interface (MTU {x.Mtu}); set MaxPacketSize to at " +
                    $"most {x.Largest}"));
        }
        else
        {
            _log.Write(
                MessageKind.Socket,
                LogLevel.Information,
                error,
                static error => "the system does not send several packets in one message " +
                    $"({Marshal.GetPInvokeErrorMessage(error)}): they go one by one");
        }
    }

    /// <summary>What the path to a destination carries at once; 0 if that cannot be found out.</summary>
    private int PathMtu(int destination)
    {
        int fd = Libc.socket(IsV6 ? Libc.AF_INET6 : Libc.AF_INET, Libc.SOCK_DGRAM | Libc.SOCK_CLOEXEC, Libc.IPPROTO_UDP);
        if (fd < 0)
        {
            return 0;
        }

        int mtu = 0;
        uint length = sizeof(int);
        bool known = Libc.connect(fd, _names + ((nint)destination * NameSize), _nameLength) == 0
            && Libc.getsockopt(
                fd,
                IsV6 ? Libc.IPPROTO_IPV6 : Libc.IPPROTO_IP,
                IsV6 ? Libc.IPV6_MTU : Libc.IP_MTU,
                &mtu,
                &length) == 0;
        _ = Libc.close(fd);
        return known ? mtu : 0;
    }
}
