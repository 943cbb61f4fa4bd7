// SPDX-License-Identifier: MIT

namespace Spead2.Managed.Linux;

/// <summary>
/// Tells which descriptors the engine has open, so that the AOT library can close a forked child's copies without the
/// runtime, which has no threads there. .NET programs do not fork: nobody listens in them.
/// </summary>
internal static unsafe class OpenDescriptors
{
    /// <summary>Who listens; set before the first descriptor is opened. Must not throw.</summary>
    public static delegate*<int, void> Opened { get; set; }

    /// <summary>As <see cref="Opened"/>.</summary>
    public static delegate*<int, void> Closing { get; set; }

    /// <summary>A descriptor has been opened. Any thread.</summary>
    public static void Add(int descriptor)
    {
        if (Opened is not null)
        {
            Opened(descriptor);
        }
    }

    /// <summary>A descriptor is about to be closed. Any thread.</summary>
    public static void Remove(int descriptor)
    {
        if (Closing is not null)
        {
            Closing(descriptor);
        }
    }
}
