// SPDX-License-Identifier: MIT

using System.Collections.Immutable;
using System.Globalization;

namespace Spead2;

/// <summary>
/// The items of a kind of stream that carries no descriptors: names, identifiers, types and axes, and what tells the
/// time. Immutable; give one to <see cref="ItemGroup.Add(StreamPreset)"/>.
/// </summary>
/// <remarks>
/// All are sent as SPEAD-64-48. A descriptor in a stream takes the place of the preset's, as of any other.
/// </remarks>
public sealed class StreamPreset
{
    private const string Channel = "channel";
    private const string Sample = "sample";
    private const string Polarisation = "polarisation";
    private const string Baseline = "baseline";
    private const string Complex = "real and imaginary";
    private const long TimestampId = 0x1600;
    private const int Unknown = ItemShape.Variable;

    // What an item pointer has room for.
    private static readonly FormatField Immediate = new('u', 48);

    private static readonly PresetItem Timestamp =
        PresetItem.OfFormat(TimestampId, "timestamp", "number of the first sample", Immediate);

    private static readonly PresetItem FirstChannel =
        PresetItem.OfFormat(0x4103, "frequency", "first channel of the heap", Immediate);

    private StreamPreset(
        string name, string description, long timeId, long? step, long setId, params ImmutableArray<PresetItem> items)
    {
        Name = name;
        Description = description;
        TimeId = timeId;
        Step = step;
        SetId = setId;
        Items = items;
    }

    /// <summary>Raw samples of a MeerKAT digitiser.</summary>
    public static StreamPreset Digitiser { get; } = new(
        "digitiser", "MeerKAT digitiser: one packet of 4,096 samples of 10 bits is a heap", TimestampId, 4096, 0x3101,
        Timestamp,
        PresetItem.OfFormat(0x3101, "digitiser_id", "which digitiser", Immediate),
        PresetItem.OfFormat(0x3102, "digitiser_status", "status of the digitiser", Immediate),
        PresetItem.OfFormat(0x3300, "raw_data", "samples", new('i', 10), (Sample, Unknown)));

    /// <summary>Channelised voltages of an F-engine. The step is a setting of the stream.</summary>
    public static StreamPreset FEngine { get; } = new(
        "fengine", "F-engine output: channelised voltages of one antenna", TimestampId, null, 0x4101,
        Timestamp,
        PresetItem.OfFormat(0x4101, "feng_id", "which F-engine", Immediate),
        FirstChannel,
        PresetItem.OfFormat(
            0x4300, "feng_raw", "voltages", new('i', 8),
            (Channel, Unknown), (Sample, Unknown), (Polarisation, 2), (Complex, 2)));

    /// <summary>Visibilities of an X-engine. The step is one integration, a setting of the stream.</summary>
    public static StreamPreset XEngine { get; } = new(
        "xengine", "X-engine output: visibilities of some channels", TimestampId, null, 0x4103,
        Timestamp,
        FirstChannel,
        PresetItem.OfFormat(
            0x1800, "xeng_raw", "visibilities", new('i', 32), (Channel, Unknown), (Baseline, Unknown), (Complex, 2)));

    /// <summary>
    /// Beams of an SKA-Low station. The samples are what a decoder for this dialect makes an item of.
    /// </summary>
    public static StreamPreset SkaLowSps { get; } = new(
        "ska-low-sps", "SKA-Low station beam: one packet of one frequency channel is a heap", ItemId.HeapCnt, 1, 0x3000,
        PresetItem.OfFormat(0x3010, "scan_id", "which scan", Immediate),
        PresetItem.OfNumPy(
            0x3000, "channel_info", "beam and frequency channel",
            "[('', '|V2'), ('beam_id', '>u2'), ('frequency_id', '>u2')]"),
        PresetItem.OfNumPy(
            0x3001, "antenna_info", "station",
            "[('substation_id', '|u1'), ('subarray_id', '|u1'), ('station_id', '>u2'), ('', '|V2')]"),
        PresetItem.OfFormat(0x3300, "payload_offset", "always 0", Immediate),
        PresetItem.OfFormat(
            0x3301, "samples", "voltages of V and H", new('i', 8),
            (Sample, Unknown), (Polarisation, 2), (Complex, 2)));

    /// <summary>All of them.</summary>
    public static ImmutableArray<StreamPreset> All { get; } = [Digitiser, FEngine, XEngine, SkaLowSps];

    /// <summary>Name, as the command has it.</summary>
    public string Name { get; }

    /// <summary>What it is.</summary>
    public string Description { get; }

    /// <summary>The item that tells the time: a timestamp, or the heap cnt.</summary>
    public long TimeId { get; }

    /// <summary>
    /// How much more it is in the next heap of the same source; null if that is a setting of the stream.
    /// </summary>
    public long? Step { get; }

    /// <summary>
    /// The item that tells the sources of a stream apart, each of which has a heap for each time: a digitiser, an antenna, the
    /// first channel of an engine, a beam and channel. For <see cref="Receive.ReceiveStreamOptions.SetItem"/>.
    /// </summary>
    public long SetId { get; }

    /// <summary>The items.</summary>
    public ImmutableArray<PresetItem> Items { get; }

    /// <summary>Finds a preset by its name, with lengths of axes that it leaves open.</summary>
    /// <param name="text"><c>fengine</c>, or <c>fengine:channel=128,sample=256</c>.</param>
    /// <exception cref="ArgumentException">There is no such preset, axis or length.</exception>
    public static StreamPreset Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] parts = text.Split(':', 2);
        StreamPreset preset = All.FirstOrDefault(known => known.Name == parts[0])
            ?? throw new ArgumentException(
                $"There is no preset '{parts[0]}'; there are {string.Join(", ", All.Select(known => known.Name))}.",
                nameof(text));
        foreach (string setting in parts.Length == 2 ? parts[1].Split(',') : [])
        {
            preset = setting.Split('=') is [string axis, string length]
                && int.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                && number > 0
                ? preset.With(axis, number)
                : throw new ArgumentException(
                    $"'{setting}' is no length of an axis, as channel=128 is; it is from 1 to {int.MaxValue}.", nameof(text));
        }

        return preset;
    }

    /// <summary>This preset with a length for an axis that it leaves open.</summary>
    /// <param name="axis">Name of the axis.</param>
    /// <param name="length">Its length, greater than 0.</param>
    /// <exception cref="ArgumentException">There is no such axis, or its length is another one.</exception>
    public StreamPreset With(string axis, int length)
    {
        ArgumentNullException.ThrowIfNull(axis);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        string[] open =
        [
            .. Items.SelectMany(item => item.Axes).Where(own => own.Length == Unknown).Select(own => own.Name).Distinct(),
        ];
        return open.Contains(axis)
            ? new(Name, Description, TimeId, Step, SetId, [.. Items.Select(item => item.With(axis, length))])
            : throw new ArgumentException(
                $"The preset '{Name}' has no axis '{axis}' whose length is open; "
                + (open.Length == 0 ? "it has none." : $"it has {string.Join(", ", open)}."),
                nameof(axis));
    }

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}
