// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Spead2.Bindings;

/// <summary>A version of the C core, and the rule of version.h about which ones fit together.</summary>
internal readonly record struct NativeVersion(uint Number)
{
    private const uint MajorUnit = 1_000_000;
    private const uint MinorUnit = 1_000;

    /// <summary>The version that these bindings were generated from.</summary>
    public static NativeVersion OfBindings => new(NativeMethods.SP2_VERSION_NUMBER);

    private uint Major => Number / MajorUnit;

    private uint Minor => Number % MajorUnit / MinorUnit;

    /// <summary>Whether a library of this version serves a caller that was compiled against another.</summary>
    public bool Serves(NativeVersion caller) =>
        Major == caller.Major && Number >= caller.Number && (Major != 0 || Minor == caller.Minor);

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Major}.{Minor}.{Number % MinorUnit}");
}
