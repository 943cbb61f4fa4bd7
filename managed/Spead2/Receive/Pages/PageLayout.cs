// SPDX-License-Identifier: MIT

namespace Spead2.Receive.Pages;

/// <summary>Where what is in a statistics page: docs/statistics-page.md. All numbers are little-endian.</summary>
internal static class PageLayout
{
    /// <summary>"SP2STATS" as a number.</summary>
    public const ulong Magic = 0x5354_4154_5332_5053;

    public const uint Version = 1;

    public const int MagicAt = 0;
    public const int VersionAt = 8;
    public const int SizeAt = 12;
    public const int SequenceAt = 16;
    public const int BodyAt = 24;

    public const int ProcessAt = 24;
    public const int StateAt = 28;
    public const int ProcessStartAt = 32;
    public const int CreatedAt = 40;
    public const int UpdatedAt = 48;
    public const int LastHeapAt = 56;
    public const int RingHeapsAt = 64;
    public const int RingLimitAt = 72;
    public const int StatisticCountAt = 80;
    public const int SourceCountAt = 84;
    public const int NameAt = 88;
    public const int NameSize = StreamName.MaxLength;

    public const int StatisticsAt = NameAt + NameSize;
    public const int MaxStatistics = 128;
    public const int StatisticNameSize = 40;
    public const int StatisticSize = StatisticNameSize + sizeof(ulong);

    public const int SourcesAt = StatisticsAt + (MaxStatistics * StatisticSize);
    public const int MaxSources = 8;
    public const int SourceNameSize = 96;
    public const int SourcePacketsAt = SourceNameSize;
    public const int SourceBytesAt = SourcePacketsAt + sizeof(ulong);
    public const int SourceDropsAt = SourceBytesAt + sizeof(ulong);
    public const int SourceStateAt = SourceDropsAt + sizeof(ulong);
    public const int SourceSize = SourceStateAt + sizeof(ulong);

    public const int Size = SourcesAt + (MaxSources * SourceSize);

    /// <summary>The stream receives, or may.</summary>
    public const uint Open = 1;

    /// <summary>The stream has stopped.</summary>
    public const uint Stopped = 2;
}
