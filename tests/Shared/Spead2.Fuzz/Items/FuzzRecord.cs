// SPDX-License-Identifier: MIT

using System.Runtime.InteropServices;

namespace Spead2.Fuzz.Items;

/// <summary>A struct that few of the random records are alike.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal readonly record struct FuzzRecord(ushort First, float Second);
