// SPDX-License-Identifier: MIT

using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Spead2.Receive.Pages;

/// <summary>The files of statistics pages: <c>spead2-PROCESS-START-NUMBER.page</c> in a folder that is in memory.</summary>
internal static class PageFolder
{
    private const string Prefix = "spead2-";
    private const string Suffix = ".page";
    private const string SharedMemory = "/dev/shm";
    private const string UserFolders = "/run/user";

    // Of a process that lives somewhere else, in another namespace of process numbers, this is younger.
    private static readonly TimeSpan StaleAge = TimeSpan.FromSeconds(10);

    /// <summary>Where this process puts its pages: the user's folder of the session, or else shared memory.</summary>
    public static string Own
    {
        get
        {
            string? session = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
            return Path.IsPathFullyQualified(session ?? "") && Directory.Exists(session)
                ? Path.TrimEndingDirectorySeparator(session)
                : SharedMemory;
        }
    }

    /// <summary>Where pages of this and other users may be.</summary>
    public static IEnumerable<string> All =>
        new[] { Own, SharedMemory }.Concat(FoldersIn(UserFolders)).Distinct(StringComparer.Ordinal);

    /// <summary>The path of a page of this process.</summary>
    public static string PathOf(long number) => Path.Combine(
        Own,
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Prefix}{Environment.ProcessId}-{StartOf(Environment.ProcessId)}-{number}{Suffix}"));

    /// <summary>Files that are called like pages.</summary>
    public static IEnumerable<string> Find(string folder)
    {
        try
        {
            return [.. Directory.EnumerateFiles(folder, $"{Prefix}*{Suffix}").Where(path => TryParse(path, out _, out _))];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Whether the process that a page is of is gone; another one may have its number.</summary>
    public static bool IsGone(string path) => TryParse(path, out int process, out ulong? start) && StartOf(process) != start;

    /// <summary>Removes the pages in a folder whose processes are gone, as far as this user may.</summary>
    public static void RemoveStale(string folder)
    {
        foreach (string path in Find(folder).Where(path => IsGone(path) && IsOld(path)))
        {
            try
            {
                File.Delete(path);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // It is somebody else's, or has just been removed.
            }
        }
    }

    /// <summary>When a process started, in ticks since the system did (proc(5), field 22); null if there is no such process.</summary>
    public static ulong? StartOf(int process)
    {
        try
        {
            // The name before may have spaces and parentheses in it.
            string text = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat"));
            string[] fields = text[(text.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return ulong.Parse(fields[19], CultureInfo.InvariantCulture);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static bool IsOld(string path) => DateTime.UtcNow - File.GetLastWriteTimeUtc(path) > StaleAge;

    private static bool TryParse(string path, out int process, [NotNullWhen(true)] out ulong? start)
    {
        string name = Path.GetFileName(path);
        string[] numbers = name[Prefix.Length..^Suffix.Length].Split('-');
        ulong ticks = 0;
        process = 0;
        bool isPage = numbers.Length == 3 &&
            int.TryParse(numbers[0], NumberStyles.None, CultureInfo.InvariantCulture, out process) &&
            ulong.TryParse(numbers[1], NumberStyles.None, CultureInfo.InvariantCulture, out ticks) &&
            ulong.TryParse(numbers[2], NumberStyles.None, CultureInfo.InvariantCulture, out _);
        start = isPage ? ticks : null;
        return isPage;
    }

    private static string[] FoldersIn(string folder)
    {
        try
        {
            return Directory.GetDirectories(folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
