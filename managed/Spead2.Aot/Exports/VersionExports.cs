// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;
using Spead2.Bindings;

namespace Spead2.Aot;

/// <summary>The functions of version.h.</summary>
internal static unsafe class VersionExports
{
    private static readonly byte[] Version = Utf8.Pinned(
        $"{NativeMethods.SP2_VERSION_MAJOR}.{NativeMethods.SP2_VERSION_MINOR}.{NativeMethods.SP2_VERSION_PATCH}");

    [UnmanagedCallersOnly(EntryPoint = "sp2_version_number")]
    public static uint Number() => NativeMethods.SP2_VERSION_NUMBER;

    [UnmanagedCallersOnly(EntryPoint = "sp2_version_string")]
    public static sbyte* Text() => Utf8.Pointer(Version);
}
