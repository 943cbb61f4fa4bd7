// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text;

namespace Spead2.Managed;

/// <summary>Names of a pool's threads.</summary>
internal static class ThreadName
{
    // A thread's name on Linux; elsewhere it is the same, so that it can be relied on.
    private const int MostBytes = 15;

    /// <summary>
    /// The pool's name and the thread's number. A name that is too long for both is cut, but not within a character.
    /// </summary>
    public static string Of(string poolName, int index)
    {
        string number = string.Create(CultureInfo.InvariantCulture, $"-{index}");
        StringBuilder name = new();
        int room = MostBytes - number.Length;
        foreach (Rune character in poolName.EnumerateRunes())
        {
            room -= character.Utf8SequenceLength;
            if (room < 0)
            {
                break;
            }

            name.Append(character.ToString());
        }

        return name.Append(number).ToString();
    }
}
