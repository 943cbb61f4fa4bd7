// SPDX-License-Identifier: MIT

using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Spead2.Tools.Diagnosis;

/// <summary>
/// Sees datagrams as they reach the machine's interfaces, whatever becomes of them: also those for another group, with a
/// wrong checksum, or that a firewall takes. It takes them from nobody. Linux allows it with CAP_NET_RAW only.
/// </summary>
internal sealed unsafe partial class PacketWatch : IDisposable
{
    // Instructions in front of a jump reach no further.
    private const int MostPorts = 64;

    // From <linux/if_ether.h>, in network order, <asm-generic/socket.h> and <linux/if_packet.h>.
    private const ProtocolType AllProtocols = (ProtocolType)0x0300;
    private const int SolSocket = 1;
    private const int AttachFilter = 26;
    private const uint Outgoing = 4;
    private const uint OtherHost = 3;

    // From <linux/filter.h>: which of these a packet is.
    private const uint KindOfPacket = 0xfffff000 + 4;

    // The first two bytes of a SPEAD packet.
    private const uint Magic = 0x5304;
    private const uint Udp = 17;
    private const int LargestPacket = 65535;

    private readonly Socket _socket;
    private readonly byte[] _buffer = new byte[LargestPacket];

    private PacketWatch(Socket socket) => _socket = socket;

    /// <summary>Begins to watch for datagrams to some ports, and for SPEAD to any; null if that is not allowed.</summary>
    public static PacketWatch? TryOpen(IEnumerable<int> ports)
    {
        Socket? socket = null;
        try
        {
            socket = new Socket(AddressFamily.Packet, SocketType.Dgram, AllProtocols);
            SetFilter(socket, FilterFor([.. ports.Distinct().Take(MostPorts)]));
            return new PacketWatch(socket);
        }
        catch (SocketException)
        {
            socket?.Dispose();
            return null;
        }
    }

    /// <summary>Waits for the next datagram; null if there was none.</summary>
    public DatagramSeen? Next(TimeSpan timeout)
    {
        if (!_socket.Poll(timeout, SelectMode.SelectRead))
        {
            return null;
        }

        LinkAddress address = default;
        int size = sizeof(LinkAddress);
        nint length;
        fixed (byte* buffer = _buffer)
        {
            length = recvfrom((int)_socket.Handle, buffer, (nuint)_buffer.Length, 0, &address, &size);
        }

        // The filter has not seen what came before it was there.
        return length <= 0 || address.Kind is (byte)Outgoing or (byte)OtherHost
            ? null
            : DatagramSeen.Parse(_buffer.AsSpan(0, (int)length), NameOf(address.Index));
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>A program of the kernel's filter machine, which sees packets from their IP header on.</summary>
    private static Instruction[] FilterFor(int[] ports)
    {
        const ushort loadByte = 0x30, loadHalf = 0x28, loadHalfAfterHeader = 0x48, loadHeaderSize = 0xb1, and = 0x54,
            jump = 0x05, jumpIfEqual = 0x15, @return = 0x06;
        List<Instruction> program =
        [
            // What this machine sends, or sees of others, is not on its way here.
            new(loadByte, KindOfPacket),
            new(jumpIfEqual, Outgoing, then: Reject),
            new(jumpIfEqual, OtherHost, then: Reject),

            new(loadByte, 0),
            new(and, 0xf0),
            new(jumpIfEqual, 0x40, otherwise: 10),

            // IPv4: UDP, and no fragment but the first.
            new(loadByte, 9),
            new(jumpIfEqual, Udp, otherwise: Reject),
            new(loadHalf, 6),
            new(and, 0x1fff),
            new(jumpIfEqual, 0, otherwise: Reject),
            new(loadHeaderSize, 0),
            new(loadHalfAfterHeader, 8),
            new(jumpIfEqual, Magic, then: Accept),
            new(loadHalfAfterHeader, 2),
            new(jump, 6),

            // IPv6.
            new(jumpIfEqual, 0x60, otherwise: Reject),
            new(loadByte, 6),
            new(jumpIfEqual, Udp, otherwise: Reject),
            new(loadHalf, 48),
            new(jumpIfEqual, Magic, then: Accept),
            new(loadHalf, 42),
            .. ports.Select(port => new Instruction(jumpIfEqual, (uint)port, then: Accept)),
        ];
        int end = program.Count;
        return
        [
            .. program.Select((instruction, i) => instruction.Resolved(reject: end - i - 1, accept: end - i)),
            new(@return, 0),
            new(@return, LargestPacket),
        ];
    }

    private const byte Reject = 254;
    private const byte Accept = 255;

    private static void SetFilter(Socket socket, Instruction[] program)
    {
        fixed (Instruction* first = program)
        {
            Program filter = new() { Length = (ushort)program.Length, First = first };
            socket.SetRawSocketOption(SolSocket, AttachFilter, new ReadOnlySpan<byte>(&filter, sizeof(Program)));
        }
    }

    /// <summary>The name of the interface with this index.</summary>
    public static string NameOf(int index)
    {
        byte* name = stackalloc byte[16];
        return if_indextoname((uint)index, name) == null ? "?" : Marshal.PtrToStringUTF8((nint)name)!;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint recvfrom(int fd, byte* buffer, nuint size, int flags, LinkAddress* address, int* addressSize);

    [LibraryImport("libc")]
    private static partial byte* if_indextoname(uint index, byte* name);

    // struct sockaddr_ll
    [StructLayout(LayoutKind.Explicit, Size = 20)]
    private struct LinkAddress
    {
        [FieldOffset(4)]
        public int Index;

        [FieldOffset(10)]
        public byte Kind;
    }

    // struct sock_fprog
    private struct Program
    {
        public ushort Length;
        public Instruction* First;
    }

    // struct sock_filter; where jumps to the two ends go is known when all are there.
    private struct Instruction(ushort code, uint operand, byte then = 0, byte otherwise = 0)
    {
        public ushort Code = code;
        public byte Then = then;
        public byte Otherwise = otherwise;
        public uint Operand = operand;

        public readonly Instruction Resolved(int reject, int accept) =>
            this with { Then = Resolve(Then, reject, accept), Otherwise = Resolve(Otherwise, reject, accept) };

        private static byte Resolve(byte jump, int reject, int accept) =>
            jump == Reject ? (byte)reject : jump == Accept ? (byte)accept : jump;
    }
}
