// SPDX-License-Identifier: MIT

namespace Spead2.Differential.Generation;

/// <summary>Random numbers of a seed (SplitMix64), the same on every machine and runtime.</summary>
internal sealed class Dice(ulong seed)
{
    private ulong _state = seed;

    /// <summary>Any number.</summary>
    public ulong Bits()
    {
        ulong bits = _state += 0x9e3779b97f4a7c15;
        bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
        bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
        return bits ^ (bits >> 31);
    }

    /// <summary>A number from 0 to below the limit, which is at least 1.</summary>
    public int Below(int limit) => (int)(Bits() % (ulong)limit);

    /// <summary>A number from the first to the last.</summary>
    public int Between(int first, int last) => first + Below(last - first + 1);

    /// <summary>Whether something happens that does so often in a hundred times.</summary>
    public bool Chance(int percent) => Below(100) < percent;

    /// <summary>One of them; who is named twice is taken twice as often.</summary>
    public T Pick<T>(params ReadOnlySpan<T> choices) => choices[Below(choices.Length)];

    /// <summary>Random bytes.</summary>
    public byte[] Bytes(int count)
    {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++)
        {
            bytes[i] = (byte)Bits();
        }

        return bytes;
    }

    /// <summary>Puts a part of a list in random order.</summary>
    public void Shuffle<T>(List<T> list, int first, int count)
    {
        for (int i = count - 1; i > 0; i--)
        {
            int other = first + Below(i + 1);
            (list[first + i], list[other]) = (list[other], list[first + i]);
        }
    }
}
