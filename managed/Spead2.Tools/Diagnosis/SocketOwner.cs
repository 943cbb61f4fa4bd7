// SPDX-License-Identifier: MIT

using System.Globalization;

namespace Spead2.Tools.Diagnosis;

/// <summary>A process that has a socket.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name.</param>
internal sealed record SocketOwner(int Id, string Name)
{
    private const string Before = "socket:[";

    /// <summary>Who has which socket, by inodes; without those of other users where that may not be seen.</summary>
    public static IReadOnlyDictionary<long, SocketOwner> ByInode()
    {
        Dictionary<long, SocketOwner> owners = [];
        foreach (string process in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(process), CultureInfo.InvariantCulture, out int id))
            {
                continue;
            }

            SocketOwner owner = new(id, new SystemFiles().Line($"{process}/comm") ?? "?");
            foreach (long inode in InodesOf(process))
            {
                owners.TryAdd(inode, owner);
            }
        }

        return owners;
    }

    private static List<long> InodesOf(string process)
    {
        try
        {
            return
            [
                .. from descriptor in Directory.EnumerateFiles($"{process}/fd")
                   let target = new FileInfo(descriptor).LinkTarget
                   where target is not null && target.StartsWith(Before, StringComparison.Ordinal)
                   select long.Parse(target.AsSpan(Before.Length, target.Length - Before.Length - 1), CultureInfo.InvariantCulture),
            ];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It has ended, or is another user's.
            return [];
        }
    }
}
