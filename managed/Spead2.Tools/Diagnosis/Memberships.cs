// SPDX-License-Identifier: MIT

using System.Net;

namespace Spead2.Tools.Diagnosis;

/// <summary>Which groups were joined on which interfaces, as /proc/net/igmp and igmp6 say.</summary>
internal static class Memberships
{
    private const int LengthOfV4 = 8;

    /// <summary>The names of the interfaces on which a group was joined.</summary>
    public static IReadOnlyList<string> DevicesOf(IPAddress group, SystemFiles files)
    {
        IPAddress wanted = new(group.GetAddressBytes());
        return
        [
            .. ReadV4(files.Lines("/proc/net/igmp")).Concat(ReadV6(files.Lines("/proc/net/igmp6")))
                .Where(member => member.Group.Equals(wanted)).Select(member => member.Device).Distinct(),
        ];
    }

    /// <summary>An unindented line names an interface, those below it its groups.</summary>
    internal static IEnumerable<(string Device, IPAddress Group)> ReadV4(IEnumerable<string> lines)
    {
        string device = "";
        foreach (string line in lines)
        {
            string[] words = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length > 1 && !char.IsWhiteSpace(line[0]))
            {
                device = words[1];
            }
            else if (words.Length > 0 && words[0].Length == LengthOfV4 && words[0].All(char.IsAsciiHexDigit))
            {
                yield return (device, UdpSocketTable.ReadAddress(words[0]));
            }
        }
    }

    /// <summary>Index, name, and group in each line.</summary>
    internal static IEnumerable<(string Device, IPAddress Group)> ReadV6(IEnumerable<string> lines) =>
        from line in lines
        let words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
        where words.Length > 2
        select (words[1], new IPAddress(Convert.FromHexString(words[2])));
}
