// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text;

namespace Spead2.Managed.Linux;

/// <summary>Threads as Linux shows them.</summary>
internal static unsafe class LinuxThread
{
    /// <summary>Names the calling thread. Programs compiled ahead of time do not do it by themselves.</summary>
    public static void NameThis(string name)
    {
        fixed (byte* text = Encoding.UTF8.GetBytes(name + '\0'))
        {
            _ = Libc.prctl(Libc.PR_SET_NAME, text);
        }
    }

    /// <summary>
    /// Sleeps of the calling thread end when they are to, and not, as usual, up to 50 µs later.
    /// </summary>
    public static void WakeThisInTime() => _ = Libc.prctl(Libc.PR_SET_TIMERSLACK, 1);

    /// <summary>The operating system's number of the calling thread.</summary>
    public static int ThisId() => Libc.gettid();

    /// <summary>
    /// Waits until the operating system has no such thread any more: a thread that .NET says has ended may still take
    /// some microseconds.
    /// </summary>
    public static void WaitUntilGone(int id)
    {
        string folder = string.Create(CultureInfo.InvariantCulture, $"/proc/self/task/{id}");
        SpinWait.SpinUntil(() => !Directory.Exists(folder), TimeSpan.FromSeconds(1));
    }
}
