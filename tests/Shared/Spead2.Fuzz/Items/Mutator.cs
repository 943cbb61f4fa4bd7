// SPDX-License-Identifier: MIT

namespace Spead2.Fuzz.Items;

/// <summary>Changes bytes the way a bad sender or a bad network might, or an attacker.</summary>
internal static class Mutator
{
    private const int MostChanges = 4;

    /// <summary>Bytes that mean something where they stand: signs, flags, magic, letters of types.</summary>
    private static readonly byte[] Interesting =
        [0, 1, 2, 4, 8, 0x10, 0x13, 0x14, 0x15, 0x53, 0x7f, 0x80, 0xff, .. "uifbc0(){}[]',:<>|-"u8];

    /// <summary>A copy with a few changes.</summary>
    public static byte[] Mutate(Random random, byte[] bytes)
    {
        List<byte> result = [.. bytes];
        for (int i = random.Next(MostChanges) + 1; i > 0; i--)
        {
            Change(random, result);
        }

        return [.. result];
    }

    private static void Change(Random random, List<byte> bytes)
    {
        int at = random.Next(bytes.Count + 1);
        int length = Math.Min(random.Next(1, 9), bytes.Count - at);
        switch (random.Next(8))
        {
            case 0:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 1:
                bytes.RemoveRange(at, length);
                break;
            case 2:
                bytes.InsertRange(at, bytes.GetRange(at, length));
                break;
            case 3:
                bytes.Insert(at, Interesting[random.Next(Interesting.Length)]);
                break;
            case 4 when length > 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 5 when length > 0:
                for (int i = at; i < at + length; i++)
                {
                    bytes[i] = 0xff;
                }

                break;
            default:
                if (length > 0)
                {
                    bytes[at] = Interesting[random.Next(Interesting.Length)];
                }

                break;
        }
    }
}
