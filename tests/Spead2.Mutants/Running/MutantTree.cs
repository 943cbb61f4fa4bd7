// SPDX-License-Identifier: MIT

namespace Spead2.Mutants.Running;

/// <summary>A copy of the sources outside the repository, which mutants are put into.</summary>
internal sealed class MutantTree
{
    private readonly string _repository;

    /// <summary>Copies what git knows, or would add. Files that are as before are left alone, so that little is built again.</summary>
    public MutantTree(string repository, string folder)
    {
        _repository = repository;
        Folder = folder;
        string[] files = ChildProcess.Run(repository, "git", "ls-files", "--cached", "--others", "--exclude-standard")
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        foreach (string file in files.Where(file => File.Exists(Path.Combine(repository, file))))
        {
            CopyIfNew(file);
        }
    }

    /// <summary>The copy's root.</summary>
    public string Folder { get; }

    public string PathOf(string file) => Path.Combine(Folder, file);

    /// <summary>The text of a file of the repository, one character for each byte if it is asked for.</summary>
    public string Original(string file) => File.ReadAllText(Path.Combine(_repository, file));

    /// <summary>Writes a file, if that changes it.</summary>
    public void Write(string file, string text)
    {
        string path = PathOf(file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        if (!File.Exists(path) || File.ReadAllText(path) != text)
        {
            File.WriteAllText(path, text);
        }
    }

    /// <summary>Puts files back as they are in the repository, but for some.</summary>
    public void Restore(IEnumerable<string> files)
    {
        foreach (string file in files)
        {
            Write(file, Original(file));
        }
    }

    private void CopyIfNew(string file)
    {
        FileInfo source = new(Path.Combine(_repository, file));
        FileInfo target = new(PathOf(file));
        if (source.LinkTarget is not null || (target.Exists && File.ReadAllBytes(source.FullName).AsSpan()
            .SequenceEqual(File.ReadAllBytes(target.FullName))))
        {
            return;
        }

        target.Directory!.Create();
        source.CopyTo(target.FullName, overwrite: true);

        // Builds go by the time.
        File.SetLastWriteTimeUtc(target.FullName, DateTime.UtcNow);
    }
}
