// SPDX-License-Identifier: MIT

namespace Spead2.Managed;

/// <summary>Where a flush has got to.</summary>
internal struct FlushCursor
{
    public int Substream;
    public int Age;
}
