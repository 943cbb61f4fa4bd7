// SPDX-License-Identifier: MIT

using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Spead2.Managed.Linux;

/// <summary>
/// Filters of the kernel that choose between sockets of one port as <see cref="Steer.Owner"/> does, by the last four bytes of
/// a packet's first item pointer.
/// </summary>
internal static unsafe class PortFilter
{
    // Where these bytes are in a packet, and the header that filters of single sockets see before it.
    private const int WordOffset = 12;
    private const int UdpHeader = 8;

    // Instructions of the classic packet filter (linux/bpf_common.h).
    private const ushort LoadWord = 0x20;
    private const ushort LoadLength = 0x80;
    private const ushort LoadConstant = 0x00;
    private const ushort Multiply = 0x24;
    private const ushort ShiftRight = 0x74;
    private const ushort Modulo = 0x94;
    private const ushort Jump = 0x05;
    private const ushort JumpIfEqual = 0x15;
    private const ushort JumpIfAtLeast = 0x35;
    private const ushort Return = 0x06;
    private const ushort ReturnAccumulator = 0x16;

    /// <summary>Lets other sockets share the port, before it is bound; false if the kernel refuses.</summary>
    public static bool TryShare(Socket socket) => TrySet(socket, Libc.SO_REUSEPORT, BitConverter.GetBytes(1));

    /// <summary>
    /// A group's sockets get all of its packets each: has this one keep those of its own member. False if the kernel
    /// refuses.
    /// </summary>
    public static bool TryFilter(Socket socket, int members, int member) => TryAttach(
        socket,
        Libc.SO_ATTACH_FILTER,
        [
            .. Owner(UdpHeader, members),
            new(JumpIfEqual, 1, 0, (uint)member),
            new(Return, 0, 0, 0),
            new(Return, 0, 0, uint.MaxValue),
        ]);

    /// <summary>
    /// Once all sockets of a port are open: has the kernel choose by the cnt of a packet's heap. If it refuses, it chooses by
    /// the sender's address.
    /// </summary>
    public static void TrySteer(Socket socket, int members) => TryAttach(
        socket, Libc.SO_ATTACH_REUSEPORT_CBPF, [.. Owner(0, members), new(ReturnAccumulator, 0, 0, 0)]);

    /// <summary>Leaves the member's number in the accumulator. Shorter packets are all of the same member.</summary>
    private static Instruction[] Owner(uint start, int members) =>
    [
        new(LoadLength, 0, 0, 0),
        new(JumpIfAtLeast, 2, 0, start + WordOffset + sizeof(uint)),
        new(LoadConstant, 0, 0, 0),
        new(Jump, 0, 0, 4),
        new(LoadWord, 0, 0, start + WordOffset),
        new(Multiply, 0, 0, Steer.Factor),
        new(ShiftRight, 0, 0, Steer.Shift),
        new(Modulo, 0, 0, (uint)members),
    ];

    private static bool TryAttach(Socket socket, int option, Instruction[] code)
    {
        fixed (Instruction* first = code)
        {
            Program program = new() { Length = (ushort)code.Length, First = first };
            return TrySet(socket, option, new(&program, sizeof(Program)));
        }
    }

    private static bool TrySet(Socket socket, int option, ReadOnlySpan<byte> value)
    {
        try
        {
            socket.SetRawSocketOption(Libc.SOL_SOCKET, option, value);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>struct sock_filter</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Instruction(ushort code, byte ifTrue, byte ifFalse, uint value)
    {
        private readonly ushort _code = code;
        private readonly byte _ifTrue = ifTrue;
        private readonly byte _ifFalse = ifFalse;
        private readonly uint _value = value;
    }

    /// <summary>struct sock_fprog</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Program
    {
        public ushort Length;
        public Instruction* First;
    }
}
