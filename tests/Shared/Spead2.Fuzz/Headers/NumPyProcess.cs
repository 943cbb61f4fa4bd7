// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Text.Json;

namespace Spead2.Fuzz.Headers;

/// <summary>NumPy, in a Python process.</summary>
internal sealed class NumPyProcess : IDisposable
{
    private readonly Process _process;

    private NumPyProcess(Process process, string version)
    {
        _process = process;
        Version = version;
    }

    /// <summary>Version of NumPy.</summary>
    public string Version { get; }

    /// <summary>Starts it.</summary>
    /// <param name="python">A Python that has NumPy.</param>
    /// <exception cref="InvalidOperationException">It has not.</exception>
    public static NumPyProcess Start(string python)
    {
        string script = Path.Combine(AppContext.BaseDirectory, "Headers", "numpy_headers.py");
        Process process = Process.Start(new ProcessStartInfo(python, ["-u", script])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        return new(
            process,
            process.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"{python} has no NumPy."));
    }

    /// <summary>What it says of each header.</summary>
    public string[] Judge(IReadOnlyList<string> headers)
    {
        Task write = Task.Run(() =>
        {
            foreach (string header in headers)
            {
                _process.StandardInput.WriteLine(JsonSerializer.Serialize(header));
            }

            _process.StandardInput.Flush();
        });
        string[] verdicts =
        [
            .. headers.Select(_ => _process.StandardOutput.ReadLine()
                ?? throw new InvalidOperationException("Python has ended.")),
        ];
        write.Wait();
        return verdicts;
    }

    /// <summary>Ends it.</summary>
    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }
}
