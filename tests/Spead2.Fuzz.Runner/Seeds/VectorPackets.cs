// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Spead2.Fuzz.Runner.Seeds;

/// <summary>The packets of a file of tests/vectors.</summary>
internal static class VectorPackets
{
    /// <summary>Reads them, in the order of the file.</summary>
    public static IEnumerable<byte[]> Parse(IEnumerable<string> lines)
    {
        List<byte>? packet = null;
        foreach (string line in lines)
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            bool isHex = words.Length > 0 && words[0].Length == 2;
            if (isHex)
            {
                packet?.AddRange(words.Select(word => byte.Parse(word, NumberStyles.HexNumber, CultureInfo.InvariantCulture)));
            }
            else if (words is ["repeat", string count, string value])
            {
                packet?.AddRange(Enumerable.Repeat(
                    byte.Parse(value, NumberStyles.HexNumber, CultureInfo.InvariantCulture),
                    int.Parse(count, CultureInfo.InvariantCulture)));
            }
            else if (packet is not null && words.Length > 0)
            {
                yield return [.. packet];
                packet = null;
            }

            if (words is ["packet", _])
            {
                packet = [];
            }
        }
    }
}
