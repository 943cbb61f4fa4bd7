// SPDX-License-Identifier: MIT

using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Spead2.Testing.Engines;

/// <summary>A network of its own for a test: two links, <c>near0</c> and <c>near1</c>, and loopback.</summary>
/// <remarks>
/// A namespace belongs to the thread that made it, and to threads, processes and sockets that come of it. What is sent
/// to a group through a link is received on it, too.
/// </remarks>
internal static partial class NetworkNamespace
{
    private const int NewNetwork = 0x40000000;

    /// <summary>Addresses of a link's end, IPv4.</summary>
    public static string Address(int link, int host) => $"10.77.{link}.{host}";

    /// <summary>Addresses of a link's end, IPv6.</summary>
    public static string AddressV6(int link, int host) => $"fe80::{host}:{link}";

    /// <summary>Runs a test in such a network; skips it where none can be made.</summary>
    public static void Run(Action body)
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Ignore("Network namespaces are Linux' own.");
        }

        ExceptionDispatchInfo? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                Enter();
                body();
            }
            catch (Exception exception)
            {
                failure = ExceptionDispatchInfo.Capture(exception);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
    }

    /// <summary>Makes a link, with two addresses of each family at its near end.</summary>
    /// <param name="link">Its number.</param>
    /// <param name="index">Index of the near end; 0 lets the kernel choose.</param>
    public static void AddLink(int link, int index = 0)
    {
        string near = $"near{link}";
        Ip($"link add {near} {(index == 0 ? "" : $"index {index}")} type veth peer name far{link}");
        for (int host = 1; host <= 2; host++)
        {
            Ip($"address add {Address(link, host)}/24 dev {near}");
            Ip($"address add {AddressV6(link, host)}/64 dev {near} nodad");
        }

        Ip($"link set far{link} up");
        Ip($"link set {near} up");
        AwaitCarrier(near);
    }

    /// <summary>Runs the command <c>ip</c>; gives what it printed.</summary>
    public static string Ip(string arguments)
    {
        ProcessStartInfo start = new("ip", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero, $"ip {arguments}: {error}");
        return output;
    }

    /// <summary>Whether the command <c>ip</c> does something, which not every kernel can.</summary>
    public static bool Try(string arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo("ip", arguments) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    /// <summary>Index of an interface.</summary>
    public static int IndexOf(string name) => (int)if_nametoindex(name);

    private static void Enter()
    {
        if (unshare(NewNetwork) != 0)
        {
            Assert.Ignore($"No network namespace can be made here: {Marshal.GetLastPInvokeErrorMessage()}.");
        }

        try
        {
            Ip("link set lo up");
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            Assert.Ignore($"There is no command ip: {exception.Message}.");
        }

        AddLink(0);
        AddLink(1);
    }

    // The kernel drops what is sent before.
    private static void AwaitCarrier(string name) => Poll.Until(
        () => Ip($"link show dev {name}").Contains("state UP", StringComparison.Ordinal), $"{name} is up");

    [LibraryImport("libc", SetLastError = true)]
    private static partial int unshare(int flags);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial uint if_nametoindex(string name);
}
