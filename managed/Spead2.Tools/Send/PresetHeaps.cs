// SPDX-License-Identifier: MIT

using System.Numerics;
using Spead2.Receive;
using Spead2.Send;

namespace Spead2.Tools.Send;

/// <summary>
/// Heaps as telescopes send them (<see cref="StreamPreset"/>): the identifiers, sizes and steps of a stream, with voltages
/// or visibilities of a simulated sky.
/// </summary>
internal abstract class PresetHeaps : IHeapSource
{
    /// <summary>All presets are sent as SPEAD-64-48.</summary>
    public const int AddressBits = 48;

    private readonly HeapToSend _heap = new();

    /// <summary>Payload bytes of a packet, unless the user says otherwise.</summary>
    public abstract int PacketPayload { get; }

    /// <summary>Item pointers of a heap that are not header pointers.</summary>
    public abstract int ItemCount { get; }

    /// <summary>The heaps of a preset.</summary>
    /// <param name="preset">The preset.</param>
    /// <param name="antenna">The only antenna of <c>fengine</c> whose heaps are wanted; null: all.</param>
    public static PresetHeaps Of(StreamPreset preset, int? antenna) => preset.Name switch
    {
        "digitiser" => new DigitiserHeaps(),
        "fengine" => new FEngineHeaps(antenna),
        "xengine" => new XEngineHeaps(),
        _ => new SkaLowHeaps(),
    };

    /// <summary>The heap cnt of a heap by its number in the stream, from 1.</summary>
    public virtual ulong CntOf(ulong number) => number;

    public HeapToSend Next(ulong number, int destination)
    {
        _heap.Clear();
        Fill(_heap, number - 1);
        return _heap;
    }

    public void Dispose()
    {
        // There is only memory of the garbage collector.
    }

    /// <summary>Adds the items of a heap by the number of heaps before it.</summary>
    protected abstract void Fill(HeapToSend heap, ulong number);

    /// <summary>A number whose parts are normally distributed.</summary>
    protected static Complex Normal(Random random) =>
        Complex.FromPolarCoordinates(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())), Math.Tau * random.NextDouble());

    /// <summary>A voltage of 8 bits.</summary>
    protected static byte ToByte(double voltage) =>
        (byte)(sbyte)Math.Clamp(Math.Round(voltage), sbyte.MinValue, sbyte.MaxValue);

    /// <summary>Bytes of a sawtooth, which anybody can tell from zeros and noise.</summary>
    protected static byte[] Sawtooth(int length)
    {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++)
        {
            bytes[i] = (byte)i;
        }

        return bytes;
    }
}

/// <summary>A MeerKAT digitiser: one packet of 4,096 samples of 10 bits is a heap.</summary>
internal sealed class DigitiserHeaps : PresetHeaps
{
    private const int Samples = 4096;
    private const int SampleBits = 10;
    private const ulong DigitiserId = 1;

    private readonly byte[] _samples = Sawtooth(Samples * SampleBits / 8);

    public override int PacketPayload => _samples.Length;

    public override int ItemCount => 4;

    protected override void Fill(HeapToSend heap, ulong number)
    {
        heap.AddImmediate(0x1600, number * Samples);
        heap.AddImmediate(0x3101, DigitiserId);
        heap.AddImmediate(0x3102, 0);
        heap.AddItem(0x3300, _samples, allowImmediate: false);
    }
}

/// <summary>
/// F-engines of four antennas, whose heaps of 128 channels × 256 samples take turns, or those of one of them: the heaps that it
/// has among all. The antennas see one source with a spectral line, each with another delay, and have noise of their own.
/// </summary>
internal sealed class FEngineHeaps(int? antenna) : PresetHeaps
{
    /// <summary>Antennas of the telescope.</summary>
    public const int Antennas = 4;

    private const int Channels = 128;
    private const int Samples = 256;
    private const int Polarisations = 2;
    private const int VoltageBytes = 2;
    private const int BandChannels = 4096;
    private const ulong Step = 2UL * BandChannels * Samples;

    // Times after which the voltages begin again, since no processor makes them as fast as they are sent.
    private const int Times = 4;

    private const double NoiseDeviation = 12;
    private const double LineHeight = 2;
    private const double LineChannel = 84;
    private const double LineWidth = 3;

    // Delay of each antenna, in turns of the phase from the first channel to the last. No two differences are the same.
    private static readonly double[] Delays = [0, 0.25, 1, 1.5];

    private readonly byte[]?[,] _voltages = new byte[Times, Antennas][];

    public override int PacketPayload => 8192;

    public override int ItemCount => 4;

    public override ulong CntOf(ulong number) => antenna is { } one ? ((number - 1) * Antennas) + (ulong)one + 1 : number;

    protected override void Fill(HeapToSend heap, ulong number)
    {
        ulong own = CntOf(number + 1) - 1;
        (ulong time, ulong source) = (own / Antennas, own % Antennas);
        heap.AddImmediate(0x1600, time * Step);
        heap.AddImmediate(0x4101, source);
        heap.AddImmediate(0x4103, 0);
        heap.AddItem(
            0x4300, _voltages[time % Times, source] ??= Voltages((int)(time % Times), (int)source), allowImmediate: false);
    }

    private static byte[] Voltages(int time, int antenna)
    {
        var sky = new Random(time);
        var receiver = new Random(Times + (time * Antennas) + antenna);
        byte[] bytes = new byte[Channels * Samples * Polarisations * VoltageBytes];
        for (int i = 0; i < bytes.Length; i += VoltageBytes)
        {
            int channel = i / (Samples * Polarisations * VoltageBytes);
            double distance = (channel - LineChannel) / LineWidth;
            Complex source = Complex.FromPolarCoordinates(
                1 + (LineHeight * Math.Exp(-distance * distance)), -Math.Tau * Delays[antenna] * channel / Channels);
            Complex voltage = NoiseDeviation * ((source * Normal(sky)) + Normal(receiver));
            bytes[i] = ToByte(voltage.Real);
            bytes[i + 1] = ToByte(voltage.Imaginary);
        }

        return bytes;
    }
}

/// <summary>Four X-engines of 128 channels and the 40 products of four antennas, whose heaps take turns.</summary>
internal sealed class XEngineHeaps : PresetHeaps
{
    private const int Engines = 4;
    private const int Channels = 128;
    private const int Baselines = 40;
    private const int VisibilityBytes = 8;

    // An integration of 256 spectra of 4,096 channels, in samples of the digitisers.
    private const ulong Step = 256UL * 2 * 4096;

    private readonly byte[] _visibilities = Sawtooth(Channels * Baselines * VisibilityBytes);

    public override int PacketPayload => 8192;

    public override int ItemCount => 3;

    protected override void Fill(HeapToSend heap, ulong number)
    {
        heap.AddImmediate(0x1600, number / Engines * Step);
        heap.AddImmediate(0x4103, number % Engines * Channels);
        heap.AddItem(0x1800, _visibilities, allowImmediate: false);
    }
}

/// <summary>
/// An SKA-Low station: 384 channels, one packet of 2,048 samples for each; the packets of one moment have one heap cnt. The
/// sky has a band that is weaker at its edges, a carrier that drifts through it, and a pulse now and then.
/// </summary>
internal sealed class SkaLowHeaps : PresetHeaps
{
    /// <summary>Channels of the station.</summary>
    public const int Channels = 384;

    private const int FirstChannel = 64;
    private const int PayloadBytes = 8192;
    private const ulong ScanId = 7;
    private const ulong Beam = 2;
    private const ulong Substation = 1;
    private const ulong Subarray = 1;
    private const ulong Station = 345;

    // Noise of so many powers, made once, since no processor makes gigabytes of it in a second.
    private const int Levels = 24;
    private const double LevelRatio = 1.2;
    private const double WeakestDeviation = 1.5;

    // The carrier passes through the band in so many moments, and a pulse comes every so many.
    private const int DriftMoments = 1200;
    private const int PulseMoments = 160;
    private const int PulseLength = 6;

    private readonly byte[][] _noise = [.. Enumerable.Range(0, Levels).Select(Noise)];

    public override int PacketPayload => PayloadBytes;

    public override int ItemCount => 5;

    public override ulong CntOf(ulong number) => (number - 1) / Channels;

    protected override void Fill(HeapToSend heap, ulong number)
    {
        ulong channel = number % Channels;
        heap.AddImmediate(0x3010, ScanId);
        heap.AddImmediate(0x3000, (Beam << 16) | (FirstChannel + channel));
        heap.AddImmediate(0x3001, (Substation << 40) | (Subarray << 32) | (Station << 16));
        heap.AddImmediate(0x3300, 0);
        heap.AddItem(Dialect.SkaLowItemId, _noise[LevelOf((int)channel, number / Channels)], allowImmediate: false);
    }

    private static int LevelOf(int channel, ulong moment)
    {
        double place = ((2.0 * channel) + 1 - Channels) / Channels;
        double level = 12 * (1 - (place * place * place * place));
        double carrier = moment % DriftMoments * (double)Channels / DriftMoments;
        double distance = Math.Abs(channel - carrier);
        level += distance < 4 ? 11 - (2 * distance) : 0;
        level += moment % PulseMoments < PulseLength ? 4 : 0;
        return Math.Clamp((int)level, 0, Levels - 1);
    }

    /// <summary>Complex voltages of two polarisations, normally distributed.</summary>
    private static byte[] Noise(int level)
    {
        double deviation = WeakestDeviation * Math.Pow(LevelRatio, level);
        var random = new Random(level);
        byte[] samples = new byte[PayloadBytes];
        for (int i = 0; i < samples.Length; i++)
        {
            samples[i] = ToByte(deviation * Normal(random).Real);
        }

        return samples;
    }
}
