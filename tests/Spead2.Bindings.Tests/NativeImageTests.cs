// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Spead2.Bindings.Tests;

internal sealed class NativeImageTests
{
    private const int MachineOfElf = 18;

    [Test]
    public void Library_of_this_process_is_for_its_processor()
    {
        string own = Path.Combine(
            RuntimeEnvironment.GetRuntimeDirectory(),
            OperatingSystem.IsWindows() ? "coreclr.dll" : "libcoreclr.so");

        Assert.That(NativeImage.ArchitectureOf(own), Is.EqualTo(RuntimeInformation.ProcessArchitecture));
    }

    [TestCase(62, 0, Architecture.X64)]
    [TestCase(183, 0, Architecture.Arm64)]
    [TestCase(40, 0, Architecture.Arm)]
    [TestCase(0, 183, null)]
    public void Processor_of_an_elf_file_is_told(byte low, byte high, Architecture? expected)
    {
        byte[] header = new byte[64];
        "\x7f\x45\x4c\x46"u8.CopyTo(header);
        header[MachineOfElf] = low;
        header[MachineOfElf + 1] = high;

        Assert.That(NativeImage.ArchitectureOf(header), Is.EqualTo(expected));
    }

    [TestCase(0x64, 0x86, Architecture.X64)]
    [TestCase(0x64, 0xAA, Architecture.Arm64)]
    [TestCase(0x00, 0x00, null)]
    public void Processor_of_a_pe_file_is_told(byte low, byte high, Architecture? expected)
    {
        byte[] header = PeFile(position: 128);
        header[132] = low;
        header[133] = high;

        Assert.That(NativeImage.ArchitectureOf(header), Is.EqualTo(expected));
    }

    [Test]
    public void Cut_file_of_any_length_tells_nothing_or_the_processor()
    {
        byte[] whole = PeFile(position: 128);
        whole[132] = 0x64;
        whole[133] = 0xAA;

        for (int length = 0; length < whole.Length; length++)
        {
            Assert.That(
                NativeImage.ArchitectureOf(whole.AsSpan(0, length)),
                Is.EqualTo(length >= 134 ? Architecture.Arm64 : (Architecture?)null), $"{length} bytes");
        }
    }

    [Test]
    public void Pe_header_beyond_the_file_tells_nothing() =>
        Assert.That(NativeImage.ArchitectureOf(PeFile(position: uint.MaxValue)), Is.Null);

    [Test]
    public void Missing_file_tells_nothing() =>
        Assert.That(NativeImage.ArchitectureOf("no-such-file"), Is.Null);

    private static byte[] PeFile(uint position)
    {
        byte[] file = new byte[160];
        "MZ"u8.CopyTo(file);
        BitConverter.TryWriteBytes(file.AsSpan(60), position);
        "PE\0\0"u8.CopyTo(file.AsSpan(128));
        return file;
    }
}
