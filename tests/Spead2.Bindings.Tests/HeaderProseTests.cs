// SPDX-License-Identifier: MIT
namespace Spead2.Bindings.Tests;

internal sealed class HeaderProseTests
{
    [Test]
    public void Every_function_says_from_which_threads_it_may_be_called()
    {
        IEnumerable<string> silent = CHeader.Load("x86_64-linux-gnu").Functions
            .Where(function => !function.Comment.Contains("Threads:", StringComparison.Ordinal))
            .Select(function => function.Name);

        Assert.That(silent, Is.Empty);
    }
}
