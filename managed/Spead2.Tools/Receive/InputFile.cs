// SPDX-License-Identifier: MIT

namespace Spead2.Tools.Receive;

/// <summary>Reads files, and says in one sentence why one cannot be read.</summary>
internal static class InputFile
{
    /// <summary>All bytes of a file that has some.</summary>
    /// <exception cref="UserErrorException">The file cannot be read, or is empty.</exception>
    public static byte[] ReadAll(string path)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new UserErrorException($"'{path}' does not exist.");
        }
        catch (UnauthorizedAccessException) when (Directory.Exists(path))
        {
            throw new UserErrorException($"'{path}' is a directory, not a file of packets.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new UserErrorException($"'{path}' cannot be read: {e.Message}");
        }

        return bytes.Length > 0 ? bytes : throw new UserErrorException($"'{path}' is empty and contains no packet.");
    }
}
