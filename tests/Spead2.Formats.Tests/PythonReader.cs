// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Spead2.Formats.Tests;

/// <summary>NumPy and h5py in a Python process: what reads the files of users.</summary>
internal sealed class PythonReader : IDisposable
{
    private readonly Process _process = Process.Start(
        new ProcessStartInfo("/usr/bin/python3", ["-u", Path.Combine(AppContext.BaseDirectory, "read_back.py")])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;

    /// <summary>Reads an array.</summary>
    /// <param name="path">An npy, npz or HDF5 file.</param>
    /// <param name="name">Its name in the file; empty for npy.</param>
    public JsonNode Read(string path, string name = "")
    {
        _process.StandardInput.WriteLine(JsonSerializer.Serialize(new[] { path, name }));
        _process.StandardInput.Flush();
        string? line = _process.StandardOutput.ReadLine();
        Assert.That(line, Is.Not.Null, $"Python has ended at {path} {name}");
        return JsonNode.Parse(line!)!;
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }
}
