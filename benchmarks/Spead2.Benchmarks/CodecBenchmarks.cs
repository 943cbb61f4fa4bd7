// SPDX-License-Identifier: MIT

using BenchmarkDotNet.Attributes;
using Spead2.Items.Codecs;

namespace Spead2.Benchmarks;

/// <summary>
/// Values of items from the wire into memory: each result is 1 MiB, next to a plain copy of as much.
/// </summary>
public class CodecBenchmarks
{
    private const int ResultBytes = 1 << 20;
    private const int ShortCount = ResultBytes / sizeof(ushort);
    private const int IntCount = ResultBytes / sizeof(int);

    private readonly byte[] _wire = new byte[ResultBytes];
    private readonly byte[] _bytes = new byte[ResultBytes];
    private readonly ushort[] _shorts = new ushort[ShortCount];
    private readonly int[] _ints = new int[IntCount];
    private readonly bool[] _bools = new bool[ResultBytes];

    /// <summary>Fills the wire with bytes that are not all alike.</summary>
    [GlobalSetup]
    public void Setup() => new Random(1).NextBytes(_wire);

    /// <summary>The baseline.</summary>
    [Benchmark(Baseline = true)]
    [Throughput(ResultBytes)]
    public void Copy() => _wire.CopyTo(_bytes, 0);

    /// <summary>Big-endian 16-bit integers into those of the machine.</summary>
    [Benchmark]
    [Throughput(ResultBytes)]
    public void SwapI16() => ByteOrderCodec.Copy(_wire, _bytes, sizeof(short), swap: true);

    /// <summary>Big-endian 32-bit numbers into those of the machine.</summary>
    [Benchmark]
    [Throughput(ResultBytes)]
    public void SwapF32() => ByteOrderCodec.Copy(_wire, _bytes, sizeof(float), swap: true);

    /// <summary>Unsigned integers of 12 bits, packed.</summary>
    [Benchmark]
    [Throughput(ResultBytes)]
    public void UnpackU12() => BitCodec.Unpack<ushort>(_wire, 0, 12, 12, signed: false, _shorts);

    /// <summary>Signed integers of 10 bits, packed.</summary>
    [Benchmark]
    [Throughput(ResultBytes)]
    public void UnpackI10() => BitCodec.Unpack<ushort>(_wire, 0, 10, 10, signed: true, _shorts);

    /// <summary>Unsigned integers of 4 bits, packed.</summary>
    [Benchmark]
    [Throughput(ResultBytes)]
    public void UnpackU4() => BitCodec.Unpack<byte>(_wire, 0, 4, 4, signed: false, _bytes);

    /// <summary>Signed integers of 24 bits, packed.</summary>
    [Benchmark]
    [Throughput(ResultBytes)]
    public void UnpackI24() => BitCodec.Unpack<int>(_wire, 0, 24, 24, signed: true, _ints);

    /// <summary>Integers of 12 bits that are not packed: there is no vector for these.</summary>
    [Benchmark]
    [Throughput(ResultBytes)]
    public void UnpackU12OfRecords() => BitCodec.Unpack<ushort>(_wire, 3, 12, 15, signed: false, _shorts);

    /// <summary>Booleans of one bit.</summary>
    [Benchmark]
    [Throughput(ResultBytes)]
    public void UnpackB1() => BitCodec.UnpackBool(_wire, 0, 1, 1, _bools);

    /// <summary>Integers of 12 bits the other way; the bytes are those of the values.</summary>
    [Benchmark]
    [Throughput(ResultBytes)]
    public void PackU12() => BitCodec.Pack<ushort>(_shorts, 12, _bytes, 0, 12);
}
