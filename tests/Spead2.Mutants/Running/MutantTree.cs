// SPDX-License-Identifier: MIT

namespace Spead2.Mutants.Running;

/// <summary>A copy of the sources outside the repository, which mutants are put into.</summary>
internal sealed class MutantTree
{
    private readonly string _repository;

    /// <summary>Copies what git knows, or would add. Files that are as before are left alone, so that little is built again.</summary>
    /// <param name="repository">Where the sources are.</param>
    /// <param name="folder">Where the copy is.</param>
    /// <param name="reuse">The copy is as an earlier run has left it.</param>
    public MutantTree(string repository, string folder, bool reuse)
    {
        _repository = repository;
        Folder = folder;
        if (IsReused = reuse)
        {
            return;
        }

        string[] files = ChildProcess.Run(repository, "git", "ls-files", "--cached", "--others", "--exclude-standard")
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        foreach (string file in files.Where(file => File.Exists(Path.Combine(repository, file))))
        {
            CopyIfNew(file);
        }
    }

    /// <summary>Whether the copy, and what was built of it, is used as it is.</summary>
    public bool IsReused { get; }

    /// <summary>The copy's root.</summary>
    public string Folder { get; }

    public string PathOf(string file) => Path.Combine(Folder, file);

    public string OriginalPathOf(string file) => Path.Combine(_repository, file);

    /// <summary>The text of a file of the repository.</summary>
    public string Original(string file) => File.ReadAllText(OriginalPathOf(file));

    /// <summary>The same, or of a file that only the copy has.</summary>
    public string OriginalOrOwn(string file) =>
        File.Exists(Path.Combine(_repository, file)) ? Original(file) : File.ReadAllText(PathOf(file));

    /// <summary>Writes a file, if that changes it.</summary>
    public void Write(string file, string text)
    {
        string path = PathOf(file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        if (!IsReused && (!File.Exists(path) || File.ReadAllText(path) != text))
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
