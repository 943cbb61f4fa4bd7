// SPDX-License-Identifier: MIT

namespace Spead2.Package.Tests;

[SetUpFixture]
internal sealed class RemoveScratch
{
    [OneTimeTearDown]
    public void Remove_scratch() => Directory.Delete(Packages.Scratch, recursive: true);
}
