// SPDX-License-Identifier: MIT

using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Spead2.Bindings;

/// <summary>
/// The processor that a native library is made for. The loader of Linux only says "No such file or directory" of one for
/// another processor.
/// </summary>
internal static class NativeImage
{
    // Enough for what is read below, wherever a linker puts it.
    private const int HeaderLength = 4096;

    private const int ElfByteOrder = 5;
    private const int ElfMachine = 18;
    private const byte ElfBigEndian = 2;

    private const int PeHeaderPosition = 60;
    private const int PeMachine = 4;

    private static readonly Dictionary<ushort, Architecture> ElfMachines = new()
    {
        [3] = Architecture.X86,
        [40] = Architecture.Arm,
        [62] = Architecture.X64,
        [183] = Architecture.Arm64,
        [243] = Architecture.RiscV64,
    };

    private static readonly Dictionary<ushort, Architecture> PeMachines = new()
    {
        [0x014C] = Architecture.X86,
        [0x01C4] = Architecture.Arm,
        [0x8664] = Architecture.X64,
        [0xAA64] = Architecture.Arm64,
    };

    /// <summary>Null if the file cannot be read, or its format or processor is not known here.</summary>
    public static Architecture? ArchitectureOf(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            byte[] header = new byte[HeaderLength];
            return ArchitectureOf(header.AsSpan(0, file.ReadAtLeast(header, HeaderLength, throwOnEndOfStream: false)));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The same for the first bytes of a file.</summary>
    public static Architecture? ArchitectureOf(ReadOnlySpan<byte> header)
    {
        if (header.StartsWith("\x7f\x45\x4c\x46"u8))
        {
            return header.Length >= ElfMachine + sizeof(ushort)
                ? Known(ElfMachines, header[ElfMachine..], header[ElfByteOrder] == ElfBigEndian)
                : null;
        }

        if (!header.StartsWith("MZ"u8) || header.Length < PeHeaderPosition + sizeof(uint))
        {
            return null;
        }

        uint position = BinaryPrimitives.ReadUInt32LittleEndian(header[PeHeaderPosition..]);
        if (position > header.Length - PeMachine - sizeof(ushort))
        {
            return null;
        }

        ReadOnlySpan<byte> pe = header[(int)position..];
        return pe.StartsWith("PE\0\0"u8) ? Known(PeMachines, pe[PeMachine..], isBigEndian: false) : null;
    }

    private static Architecture? Known(
        Dictionary<ushort, Architecture> machines, ReadOnlySpan<byte> field, bool isBigEndian)
    {
        ushort machine = isBigEndian
            ? BinaryPrimitives.ReadUInt16BigEndian(field)
            : BinaryPrimitives.ReadUInt16LittleEndian(field);
        return machines.TryGetValue(machine, out Architecture architecture) ? architecture : null;
    }
}
