// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text;

namespace Spead2.Formats;

/// <summary>The names that items have in files: each different, and none that files need for themselves.</summary>
internal static class FieldNames
{
    /// <summary>The cnt of each heap.</summary>
    public const string HeapCnt = "heap_cnt";

    /// <summary>Behind the name of an item: the shapes of its values, where they differ.</summary>
    public const string ShapeSuffix = ".shape";

    /// <summary>
    /// A name for each item: its own; where that is empty or taken, its identifier (<c>0x1234</c>).
    /// </summary>
    /// <exception cref="ArgumentException">Another item is named as that identifier is.</exception>
    public static string[] Of(IReadOnlyList<ItemDescriptor> descriptors)
    {
        HashSet<string> taken = [HeapCnt];
        string[] names = new string[descriptors.Count];
        for (int i = 0; i < names.Length; i++)
        {
            ItemDescriptor descriptor = descriptors[i];
            string id = string.Create(CultureInfo.InvariantCulture, $"0x{descriptor.Id:x}");
            names[i] = descriptor.Name.Length > 0 && taken.Add(descriptor.Name) ? descriptor.Name
                : taken.Add(id) ? id
                : throw new ArgumentException($"There are two items for the name '{id}'.", nameof(descriptors));
            taken.Add(names[i] + ShapeSuffix);
        }

        return names;
    }

    /// <summary>A name as a part of a path: what may mean something in one is %, and its code in UTF-8.</summary>
    public static string Escape(string name)
    {
        StringBuilder escaped = new();
        foreach (byte b in Encoding.UTF8.GetBytes(name))
        {
            // A dot in front would hide the file, or be the folder.
            bool isPlain = char.IsAsciiLetterOrDigit((char)b) || b is (byte)'_' or (byte)'-' or (byte)'+'
                || (b == (byte)'.' && escaped.Length > 0);
            _ = isPlain ? escaped.Append((char)b) : escaped.Append(CultureInfo.InvariantCulture, $"%{b:x2}");
        }

        return escaped.ToString();
    }
}
